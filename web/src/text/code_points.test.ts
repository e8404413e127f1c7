import { expect, test } from 'vitest';
import { codePointStarts, indexOfByte } from './code_points';

test('code points are found among UTF-16 units', () => {
  expect([...codePointStarts('a𠮷野家')]).toEqual([0, 1, 3, 4, 5]);
  expect([...codePointStarts('')]).toEqual([0]);
});

test('a flag of two code points takes four units', () => {
  const starts = codePointStarts('🇯🇵!');
  expect([...starts]).toEqual([0, 2, 4, 5]);
});

test('slices by code point equal the spread string', () => {
  const text = '由来は𠮷野家の😀と、combining e\u0301 です';
  const points = [...text];
  const starts = codePointStarts(text);
  expect(starts.length).toBe(points.length + 1);
  for (let begin = 0; begin <= points.length; begin++) {
    for (let end = begin; end <= points.length; end++) {
      expect(text.slice(starts[begin], starts[end])).toBe(points.slice(begin, end).join(''));
    }
  }
});

test('byte offsets equal those of an encoder', () => {
  const text = 'aé由😀\u0000z';
  const encoder = new TextEncoder();
  for (let index = 0; index <= text.length; index++) {
    if (index === text.indexOf('😀') + 1) continue;
    expect(indexOfByte(text, encoder.encode(text.slice(0, index)).length)).toBe(index);
  }
});

test('a byte inside a character, or after the end, stays in the text', () => {
  expect(indexOfByte('由来', 1)).toBe(0);
  expect(indexOfByte('由来', 5)).toBe(1);
  expect(indexOfByte('由来', 99)).toBe(2);
});
