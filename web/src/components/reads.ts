import type { Exposure } from '../api/types';

export interface Read {
  step: number;
  /** Mean over what the step read of the passage; null where it is not known. */
  loss: number | null;
}

/** A step may read a passage in two pieces: one read a step, with the mean of what is known. */
export function readsOf(seen: readonly Exposure[]): Read[] {
  const steps = new Map<number, number[]>();
  for (const { step, loss } of seen) steps.set(step, [...(steps.get(step) ?? []), ...(loss === null ? [] : [loss])]);
  return [...steps].sort(([a], [b]) => a - b)
    .map(([step, losses]) => ({ step, loss: losses.length === 0 ? null : losses.reduce((a, b) => a + b) / losses.length }));
}

/** `4, 90, 177`; of many the first and the last. */
export function stepsInWords(reads: readonly Read[], language: string, most = 12, goesOn = false): string {
  const number = new Intl.NumberFormat(language);
  const names = reads.map(({ step }) => number.format(step));
  const listed = names.length <= most && !goesOn;
  const shown = listed ? names : [...names.slice(0, most - 1), '…', ...(goesOn ? [] : names.slice(-1))];
  return shown.join(language === 'ja' ? '、' : ', ');
}
