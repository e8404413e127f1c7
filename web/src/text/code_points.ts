/** The server counts code points (`char_*`) and UTF-8 bytes (`byte_*`); JavaScript counts UTF-16 units. */

/** UTF-16 index of every code point of `text`, and of its end: `starts[char]` → index. */
export function codePointStarts(text: string): Uint32Array {
  const starts = new Uint32Array(text.length + 1);
  let count = 0;
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) {
    starts[count++] = index;
  }
  starts[count++] = text.length;
  return starts.subarray(0, count);
}

/** UTF-16 index of UTF-8 byte `byte` of `text`; a byte inside a character gives the character's start. */
export function indexOfByte(text: string, byte: number): number {
  let bytes = 0;
  for (let index = 0; index < text.length; ) {
    const point = text.codePointAt(index) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > byte) return index;
    index += point > 0xffff ? 2 : 1;
  }
  return text.length;
}
