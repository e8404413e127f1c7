import { expect, test } from 'vitest';
import { rowsOf } from './configuration';

test('a configuration becomes rows, tables by their path', () => {
  expect(rowsOf({ seed: 7, batch: { sequences: 16, deep: { on: true } }, stage: 'pretrain', list: [1, 2], none: null }))
    .toEqual([['seed', '7'], ['batch.sequences', '16'], ['batch.deep.on', 'true'], ['stage', 'pretrain'], ['list', '[1,2]'], ['none', 'null']]);
});
