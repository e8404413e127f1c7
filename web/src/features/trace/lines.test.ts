import { expect, test } from 'vitest';
import { spanToSelect, strongestLevel, underLines } from './lines';

test('the least likely span is chosen first, then the others in turn', () => {
  const chances = [0.5, 1e-9, 0.01];
  expect(spanToSelect([0, 1, 2], chances, null)).toBe(1);
  expect(spanToSelect([0, 1, 2], chances, 1)).toBe(2);
  expect(spanToSelect([0, 1, 2], chances, 2)).toBe(0);
  expect(spanToSelect([0, 1, 2], chances, 0)).toBe(1);
  expect(spanToSelect([0], chances, 0)).toBe(0);
  expect(spanToSelect([], chances, 0)).toBeNull();
});

test('a part is shaded by its least likely span', () => {
  expect(strongestLevel([0, 1], [0.5, 1e-9])).toBe(4);
  expect(strongestLevel([], [])).toBe(0);
});

test('each span has its own line', () => {
  const { backgroundPosition, backgroundImage } = underLines([
    { level: 4, lane: 0, selected: false }, { level: 0, lane: 1, selected: true }]);
  expect(backgroundPosition).toBe('0 calc(100% - 0px), 0 calc(100% - 4px)');
  expect(backgroundImage).toContain('--yurai-selected-line');
});
