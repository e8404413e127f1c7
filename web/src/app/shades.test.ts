import { expect, test } from 'vitest';
import { categories, contrast, dimmed, ink, levelOf, levels, line, paper, selected, selectedLine } from './shades';

test('contrast of known pairs', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

for (const theme of ['light', 'dark'] as const) {
  test(`text is readable on every shade (${theme})`, () => {
    for (const level of levels) expect(contrast(ink[theme], level[theme])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(ink[theme], selected[theme])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(ink[theme], paper[theme])).toBeGreaterThanOrEqual(7);
    expect(contrast(dimmed[theme], paper[theme])).toBeGreaterThanOrEqual(4.5);
  });

  test(`lines, markers and shares stand out (${theme})`, () => {
    for (const level of levels) expect(contrast(line[theme], level[theme])).toBeGreaterThanOrEqual(3);
    expect(contrast(line[theme], paper[theme])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(selectedLine[theme], selected[theme])).toBeGreaterThanOrEqual(4.5);
    for (const colour of categories[theme]) expect(contrast(colour, paper[theme])).toBeGreaterThanOrEqual(4.5);
  });
}

test('a smaller chance never has a weaker level', () => {
  expect(levelOf(Infinity)).toBe(0);
  expect(levelOf(1.01)).toBe(0);
  expect(levelOf(1)).toBe(1);
  expect(levelOf(0)).toBe(levels.length - 1);
  let before = 0;
  for (let power = 6; power > -30; power--) {
    const level = levelOf(10 ** power);
    expect(level).toBeGreaterThanOrEqual(before);
    before = level;
  }
});
