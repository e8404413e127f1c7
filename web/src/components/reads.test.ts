import { expect, test } from 'vitest';
import type { Exposure } from '../api/types';
import { readsOf, stepsInWords } from './reads';

const exposure = (step: number, loss: number | null): Exposure => ({ stage: 'pretrain', step, epoch: 0, byte_begin: 0, byte_end: 9, loss });

test('two pieces of one step are one read, with the mean of what is known', () => {
  expect(readsOf([exposure(90, 4), exposure(4, 6), exposure(90, 2), exposure(177, null)]))
    .toEqual([{ step: 4, loss: 6 }, { step: 90, loss: 3 }, { step: 177, loss: null }]);
  expect(readsOf([])).toEqual([]);
});

test('many steps are named by the first and the last', () => {
  const reads = (count: number) => Array.from({ length: count }, (_, step) => ({ step: step * 1000, loss: null }));
  expect(stepsInWords(reads(3), 'en')).toBe('0, 1,000, 2,000');
  expect(stepsInWords(reads(3), 'ja')).toBe('0、1,000、2,000');
  expect(stepsInWords(reads(9), 'en', 4)).toBe('0, 1,000, 2,000, …, 8,000');
  expect(stepsInWords(reads(9), 'en', 4, true)).toBe('0, 1,000, 2,000, …');
});
