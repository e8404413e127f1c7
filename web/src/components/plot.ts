/** Places of numbers on a plot whose points are 0 to 1 on both axes, y downwards. */
export interface Range {
  low: number;
  high: number;
}

/** From the smallest to the largest of the numbers, never empty; what is no number is passed over. */
export function rangeOf(values: readonly (number | null | undefined)[]): Range {
  const numbers = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  if (numbers.length === 0) return { low: 0, high: 1 };
  const low = numbers.reduce((a, b) => Math.min(a, b));
  const high = numbers.reduce((a, b) => Math.max(a, b));
  return low < high ? { low, high } : { low: low - 0.5, high: high + 0.5 };
}

export const along = (value: number, { low, high }: Range): number => (value - low) / (high - low);

/** Round numbers inside a range, some `count` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks({ low, high }: Range, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const digit = raw / power;
  const apart = power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
  const first = Math.ceil(low / apart - 1e-9);
  const last = Math.floor(high / apart + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => Number(((first + index) * apart).toPrecision(12)));
}

/** The points as a line of SVG, in a picture of this size. */
export function linePath(points: readonly { x: number; y: number }[], width: number, height: number): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${(x * width).toFixed(2)} ${(y * height).toFixed(2)}`).join('');
}
