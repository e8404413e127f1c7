import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packText, unpackText } from './packed';

class Memory {
  constructor(readonly capacity = Infinity) {}
  items = new Map<string, string>();
  get length() { return this.items.size; }
  key(index: number) { return [...this.items.keys()][index] ?? null; }
  getItem(key: string) { return this.items.get(key) ?? null; }
  removeItem(key: string) { this.items.delete(key); }
  setItem(key: string, value: string) {
    let size = value.length;
    for (const [other, kept] of this.items) if (other !== key) size += kept.length;
    if (size > this.capacity) throw new DOMException('full', 'QuotaExceededError');
    this.items.set(key, value);
  }
}

/** 20,000 characters that hardly deflate. */
function incompressible(seed: number): string {
  let text = '';
  for (let i = 0, state = seed; i < 20_000; i++) text += String.fromCharCode(0x4e00 + ((state = (state * 48271) % 2147483647) % 9000));
  return text;
}

test('a text survives the address', async () => {
  const storage = new Memory();
  for (const text of ['', 'a', '\ufeff由来\r\n\u0000\u202e😀', 'あ'.repeat(20_000)]) {
    const packed = await packText(text, storage);
    expect(packed).toMatch(/^z[A-Za-z0-9_-]*$/);
    expect(await unpackText(packed, storage)).toBe(text);
  }
  expect(storage.items.size).toBe(0);
});

test('a text that does not fit stays in the session', async () => {
  const storage = new Memory();
  const text = incompressible(1);
  const packed = await packText(text, storage);
  expect(packed).toMatch(/^s[a-z0-9]+$/);
  expect(await unpackText(packed, storage)).toBe(text);
  await expect(unpackText(packed, new Memory())).rejects.toMatchObject({ reason: 'absent' });
});

test('a full session makes room for a new text, and only of texts', async () => {
  const storage = new Memory(50_000);
  storage.setItem('other', 'o'.repeat(1000));
  const first = await packText(incompressible(1), storage);
  await packText(incompressible(2), storage);
  const third = await packText(incompressible(3), storage);
  expect(await unpackText(third, storage)).toBe(incompressible(3));
  await expect(unpackText(first, storage)).rejects.toMatchObject({ reason: 'absent' });
  expect(storage.getItem('other')).toHaveLength(1000);
  await expect(packText(incompressible(1), new Memory(10_000))).rejects.toMatchObject({ name: 'QuotaExceededError' });
});

test('a broken or swollen address is an error', async () => {
  for (const packed of ['', 'x', 'z!!!', 'zAAAA', 'zzzzzzzzzzz']) {
    await expect(unpackText(packed, new Memory()), packed).rejects.toMatchObject({ reason: 'broken' });
  }
  for (const [size, reason] of [[8 << 20, null], [(8 << 20) + 1, 'broken']] as const) {
    const bomb = `z${deflateRawSync('a'.repeat(size)).toString('base64url')}`;
    if (reason === null) expect(await unpackText(bomb, new Memory())).toHaveLength(size);
    else await expect(unpackText(bomb, new Memory())).rejects.toMatchObject({ reason });
  }
});
