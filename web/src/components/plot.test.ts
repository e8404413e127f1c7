import { expect, test } from 'vitest';
import { along, linePath, rangeOf, ticks } from './plot';

test('a range covers the numbers and is never empty', () => {
  expect(rangeOf([3, null, 1, undefined, NaN, 2])).toEqual({ low: 1, high: 3 });
  expect(rangeOf([2])).toEqual({ low: 1.5, high: 2.5 });
  expect(rangeOf([])).toEqual({ low: 0, high: 1 });
});

test('ticks are round and inside the range', () => {
  expect(ticks({ low: 0, high: 240 }, 5)).toEqual([0, 50, 100, 150, 200]);
  expect(ticks({ low: 1.93, high: 6.94 }, 4)).toEqual([2, 3, 4, 5, 6]);
  expect(ticks({ low: 0.1, high: 0.4 }, 3)).toEqual([0.1, 0.2, 0.3, 0.4]);
});

test('a line goes through its points', () => {
  const range = { low: 0, high: 4 };
  expect(linePath([0, 1, 4].map((value) => ({ x: along(value, range), y: 1 - along(value, range) })), 100, 40)).toBe('M0.00 40.00L25.00 30.00L100.00 0.00');
  expect(linePath([], 100, 40)).toBe('');
});
