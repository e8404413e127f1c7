import { expect, test } from 'vitest';
import { visiblePieces, visibleString } from './visible';

test('a right-to-left override is shown by its code', () => {
  expect(visiblePieces('abc\u202edef')).toEqual([
    { kind: 'text', text: 'abc' },
    { kind: 'escape', text: 'U+202E' },
    { kind: 'text', text: 'def' },
  ]);
});

test('controls, bidi, invisible and tag characters are all shown', () => {
  for (const point of [0, 7, 0x1b, 0x7f, 0x85, 0x9f, 0x61c, 0x200e, 0x200f, 0x202a, 0x202d, 0x2066, 0x2069, 0x2028, 0xfeff, 0x200b, 0xe0041]) {
    const shown = visibleString(`x${String.fromCodePoint(point)}y`);
    expect(shown).toBe(`x⟨U+${point.toString(16).toUpperCase().padStart(4, '0')}⟩y`);
  }
});

test('lines, tabs, Japanese and joined emoji stay as they are', () => {
  const text = '由来\tは\n「いずこ」より 👩‍💻 𠮷';
  expect(visiblePieces(text)).toEqual([{ kind: 'text', text }]);
});

test('CRLF is one line end, a lone carriage return is shown', () => {
  expect(visibleString('a\r\nb\rc')).toBe('a\nb⟨U+000D⟩c');
});

test('a lone surrogate is shown', () => {
  expect(visibleString('a\ud800b')).toBe('a⟨U+D800⟩b');
});
