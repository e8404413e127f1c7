/** Spans may overlap: the text is cut where any of them begins or ends, and each gets a lane for its line. */
export interface Range {
  begin: number;
  end: number;
}

export interface Segment extends Range {
  /** Indices of the ranges that cover this part, ascending. */
  covering: number[];
  /** Indices of the ranges that begin here. */
  starting: number[];
}

/** Cuts `[0, length)` at every border; the segments in order, without gaps. */
export function segments(ranges: readonly Range[], length: number): Segment[] {
  const borders = new Set([0, length]);
  const starts = new Map<number, number[]>();
  const ends = new Map<number, number[]>();
  ranges.forEach(({ begin, end }, index) => {
    if (begin >= end || begin < 0 || end > length) return;
    borders.add(begin).add(end);
    starts.set(begin, [...(starts.get(begin) ?? []), index]);
    ends.set(end, [...(ends.get(end) ?? []), index]);
  });
  const sorted = [...borders].sort((a, b) => a - b);
  const open = new Set<number>();
  const result: Segment[] = [];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const begin = sorted[i] as number;
    for (const index of ends.get(begin) ?? []) open.delete(index);
    const starting = starts.get(begin) ?? [];
    for (const index of starting) open.add(index);
    result.push({ begin, end: sorted[i + 1] as number, covering: [...open].sort((a, b) => a - b), starting });
  }
  return result;
}

/** The lowest free line for each range, so that no two that overlap share one. */
export function lanes(ranges: readonly Range[]): number[] {
  const result = new Array<number>(ranges.length).fill(0);
  const taken: number[] = [];
  const order = ranges.map((_, index) => index).sort((a, b) => {
    const [x, y] = [ranges[a] as Range, ranges[b] as Range];
    return x.begin - y.begin || y.end - x.end || a - b;
  });
  for (const index of order) {
    const { begin, end } = ranges[index] as Range;
    let lane = taken.findIndex((until) => until <= begin);
    if (lane < 0) lane = taken.length;
    taken[lane] = end;
    result[index] = lane;
  }
  return result;
}
