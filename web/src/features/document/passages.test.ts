import { expect, test } from 'vitest';
import { passages, shownWindow } from './passages';

const check = (text: string) => {
  const cut = passages(text, 0, text.length);
  expect(cut.map(({ begin, end }) => text.slice(begin, end)).join('')).toBe(text);
  for (const { begin, end } of cut) {
    expect(end).toBeGreaterThan(begin);
    expect(end - begin).toBeLessThanOrEqual(6001);
    expect(text.slice(begin, end)).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  }
  return cut;
};

test('passages join to the text, whatever it holds', () => {
  check('');
  check('short');
  check('行\n'.repeat(50_000));
  check('切れ目のない'.repeat(40_000));
  check('文です。'.repeat(30_000));
  check('word '.repeat(30_000));
  check('😀'.repeat(30_001));
  check('x' + '😀'.repeat(30_001));
});

test('a text of lines is cut after lines', () => {
  const text = `${'一行の文です。'.repeat(10)}\n`.repeat(500);
  for (const { end } of check(text)) expect(text[end - 1]).toBe('\n');
});

test('the window holds the match and stays inside the text', () => {
  expect(shownWindow(100, 10, 20, 1000)).toEqual({ begin: 0, end: 100 });
  expect(shownWindow(10_000, 9990, 9995, 1000)).toEqual({ begin: 9000, end: 10_000 });
  expect(shownWindow(10_000, 5000, 5010, 1000)).toEqual({ begin: 4505, end: 5505 });
  expect(shownWindow(10_000, 0, 0, 1000)).toEqual({ begin: 0, end: 1000 });
});
