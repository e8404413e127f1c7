/** Where values lie on the axis of a histogram: every bar is 1 wide, whatever values it covers. */
import type { DecisionBar, DecisionStep } from '../../api/types';

export type BoundName = 'min' | 'max';

export interface Stop {
  /** A threshold … */
  value: number;
  /** … and where on the axis it cuts, from 0 to the number of bars. */
  at: number;
}

/** Cuts before the first value of at least `value`; a bar for one value (from = to) is cut in front. */
function before(bars: readonly DecisionBar[], value: number): number {
  for (const [index, bar] of bars.entries()) {
    if (value <= bar.from) return index;
    if (value < bar.to) return index + (value - bar.from) / (bar.to - bar.from);
  }
  return bars.length;
}

/** Where a bound cuts: what lies on its far side is refused. `max` keeps its own value. */
export function cutAt(bars: readonly DecisionBar[], bound: BoundName, value: number, whole: boolean): number {
  if (bound === 'min') return before(bars, value);
  if (whole) return before(bars, Math.floor(value) + 1);
  const own = bars.findIndex((bar) => bar.from === bar.to && bar.from === value);
  return own < 0 ? before(bars, value) : own + 1;
}

/** The thresholds that the histogram offers: the edges of its bars and the step's own bound, in order. */
export function stopsOf(step: Pick<DecisionStep, 'histogram' | 'whole'>, bound: BoundName, own: number | null): Stop[] {
  const values = new Set(own === null ? [] : [own]);
  for (const bar of step.histogram) values.add(bar.from).add(bar.to);
  const stops = [...values].sort((a, b) => a - b).map((value) => ({ value, at: cutAt(step.histogram, bound, value, step.whole) }));
  // Of several at one place the step's own stays, else the first.
  const ownAt = stops.find((stop) => stop.value === own)?.at;
  return stops.filter((stop, index) => (stop.at === ownAt ? stop.value === own : stops[index - 1]?.at !== stop.at));
}

export function nearest(stops: readonly Stop[], at: number): Stop | undefined {
  return stops.reduce<Stop | undefined>((best, stop) => (best && Math.abs(best.at - at) <= Math.abs(stop.at - at) ? best : stop), undefined);
}
