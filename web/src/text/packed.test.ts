import { expect, test } from 'vitest';
import { packText, unpackText } from './packed';

class Memory {
  items = new Map<string, string>();
  getItem(key: string) { return this.items.get(key) ?? null; }
  setItem(key: string, value: string) { this.items.set(key, value); }
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
  let text = '';
  for (let i = 0, state = 1; i < 20_000; i++) text += String.fromCharCode(0x4e00 + ((state = (state * 48271) % 2147483647) % 9000));
  const packed = await packText(text, storage);
  expect(packed).toMatch(/^s[a-z0-9]+$/);
  expect(await unpackText(packed, storage)).toBe(text);
  await expect(unpackText(packed, new Memory())).rejects.toMatchObject({ reason: 'absent' });
});

test('a broken or swollen address is an error', async () => {
  for (const packed of ['', 'x', 'z!!!', 'zAAAA', 'zzzzzzzzzzz']) {
    await expect(unpackText(packed, new Memory()), packed).rejects.toMatchObject({ reason: 'broken' });
  }
  const bomb = await packText('a'.repeat(9 << 20), new Memory());
  const storage = new Memory();
  if (bomb.startsWith('z')) await expect(unpackText(bomb, storage)).rejects.toMatchObject({ reason: 'broken' });
});
