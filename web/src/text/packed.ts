/**
 * A text in the address: `z` + base64url of its raw deflate. What does not fit stays in this tab's
 * session storage under `s` + a hash, and only survives a reload.
 */
const maxPackedCharacters = 8000;
const maxTextBytes = 8 << 20;
const storagePrefix = 'yurai.text.';

export class UnpackError extends Error {
  constructor(readonly reason: 'absent' | 'broken') {
    super(reason);
  }
}

async function through(bytes: Uint8Array, stream: TransformStream, limit = Infinity): Promise<Uint8Array> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(stream).getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) {
      reader.cancel().catch(() => undefined);
      throw new UnpackError('broken');
    }
    parts.push(value);
  }
  const result = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** 64-bit FNV-1a over UTF-16 units: a name for a stored text, not a proof. */
function nameOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(36);
}

export type PackStorage = Pick<Storage, 'length' | 'key' | 'setItem' | 'removeItem'>;

/** Keeps a text; where the storage is full, in place of the texts kept before. Throws when it does not fit even so. */
function keep(name: string, text: string, storage: PackStorage) {
  try {
    storage.setItem(storagePrefix + name, text);
  } catch {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    for (const key of keys) if (key?.startsWith(storagePrefix)) storage.removeItem(key);
    storage.setItem(storagePrefix + name, text);
  }
}

export async function packText(text: string, storage: PackStorage): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const deflated = await through(bytes, new CompressionStream('deflate-raw'));
  const packed = 'z' + toBase64Url(deflated);
  if (packed.length <= maxPackedCharacters) return packed;
  const name = nameOf(text);
  keep(name, text, storage);
  return 's' + name;
}

export async function unpackText(packed: string, storage: Pick<Storage, 'getItem'>): Promise<string> {
  if (packed.startsWith('s')) {
    const text = storage.getItem(storagePrefix + packed.slice(1));
    if (text === null) throw new UnpackError('absent');
    return text;
  }
  try {
    if (!packed.startsWith('z')) throw new UnpackError('broken');
    const bytes = await through(fromBase64Url(packed.slice(1)), new DecompressionStream('deflate-raw'), maxTextBytes);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UnpackError('broken');
  }
}
