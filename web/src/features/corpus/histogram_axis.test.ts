import { expect, test } from 'vitest';
import type { DecisionBar } from '../../api/types';
import { cutAt, nearest, stopsOf } from './histogram_axis';

const bar = (from: number, to: number): DecisionBar => ({ from, to, documents: 1, bytes: 1, dropped: 0 });
const counts = [bar(0, 1), bar(1, 2), bar(2, 3), bar(3, 4), bar(4, 6)];
const shares = [bar(0, 0), bar(0.25, 0.5), bar(0.5, 1)];

test('a lower bound cuts before its value, an upper one after it', () => {
  expect(cutAt(counts, 'min', 2, true)).toBe(2);
  expect(cutAt(counts, 'max', 2, true)).toBe(3);
  expect(cutAt(counts, 'max', 4, true)).toBe(4.5);
  expect(cutAt(shares, 'min', 0.5, false)).toBe(2);
  expect(cutAt(shares, 'max', 0.5, false)).toBe(2);
  expect(cutAt(shares, 'max', 0.375, false)).toBe(1.5);
});

test('zero has a bar of its own: at least 0 keeps it, at most 0 too, more than 0 does not', () => {
  expect(cutAt(shares, 'min', 0, false)).toBe(0);
  expect(cutAt(shares, 'max', 0, false)).toBe(1);
  expect(cutAt(shares, 'min', 0.1, false)).toBe(1);
  expect(cutAt(shares, 'max', -1, false)).toBe(0);
});

test('values outside of the histogram cut at its ends', () => {
  for (const bound of ['min', 'max'] as const) {
    expect(cutAt(counts, bound, -3, true)).toBe(0);
    expect(cutAt(counts, bound, 99, true)).toBe(5);
  }
});

test('stops are the edges and the own bound, each place once', () => {
  const stops = stopsOf({ histogram: shares, whole: false }, 'min', 0.3);
  expect(stops).toEqual([{ value: 0, at: 0 }, { value: 0.25, at: 1 }, { value: 0.3, at: 1.2 }, { value: 0.5, at: 2 }, { value: 1, at: 3 }].map(
    (stop) => ({ ...stop, at: expect.closeTo(stop.at) })));
  // An own bound beyond the last value takes the place of the end.
  expect(stopsOf({ histogram: counts, whole: true }, 'max', 50).at(-1)).toEqual({ value: 50, at: 5 });
  expect(stopsOf({ histogram: [], whole: true }, 'max', 3)).toEqual([{ value: 3, at: 0 }]);
  expect(stopsOf({ histogram: [], whole: true }, 'max', null)).toEqual([]);
});

test('the nearest stop is found', () => {
  const stops = stopsOf({ histogram: counts, whole: true }, 'max', 3);
  expect(nearest(stops, 3.9)?.value).toBe(3);
  expect(nearest(stops, -5)?.value).toBe(0);
  expect(nearest([], 1)).toBeUndefined();
});
