import { expect, test } from 'vitest';
import { lanes, segments, type Range } from './layers';

test('overlapping ranges are cut at every border', () => {
  expect(segments([{ begin: 1, end: 5 }, { begin: 3, end: 7 }], 8)).toEqual([
    { begin: 0, end: 1, covering: [], starting: [] },
    { begin: 1, end: 3, covering: [0], starting: [0] },
    { begin: 3, end: 5, covering: [0, 1], starting: [1] },
    { begin: 5, end: 7, covering: [1], starting: [] },
    { begin: 7, end: 8, covering: [], starting: [] },
  ]);
});

test('an empty text has no segment, a text without spans has one', () => {
  expect(segments([], 0)).toEqual([]);
  expect(segments([], 3)).toEqual([{ begin: 0, end: 3, covering: [], starting: [] }]);
});

test('ranges outside the text are ignored', () => {
  expect(segments([{ begin: 2, end: 9 }, { begin: 1, end: 1 }], 3)).toHaveLength(1);
});

test('segments equal a cover counted position by position, and lanes never collide', () => {
  let state = 12345;
  const random = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 200; round++) {
    const length = 1 + random(30);
    const ranges: Range[] = Array.from({ length: random(8) }, () => {
      const begin = random(length);
      return { begin, end: begin + 1 + random(length - begin) };
    });
    const cut = segments(ranges, length);
    expect(cut[0]?.begin).toBe(0);
    expect(cut.at(-1)?.end).toBe(length);
    for (const segment of cut) {
      for (let at = segment.begin; at < segment.end; at++) {
        expect(segment.covering).toEqual(ranges.flatMap((r, i) => (r.begin <= at && at < r.end ? [i] : [])));
      }
    }
    const lane = lanes(ranges);
    ranges.forEach((a, i) => ranges.forEach((b, j) => {
      if (i < j && a.begin < b.end && b.begin < a.end) expect(lane[i]).not.toBe(lane[j]);
    }));
  }
});
