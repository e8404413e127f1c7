import { expect, test } from 'vitest';
import { formatBounds, formatBytes, formatShare, formatSmall, formatValue, shortened } from './format';

test('small numbers are powers of ten', () => {
  expect(formatSmall(3.2e-7, 'en')).toBe('3.2 × 10⁻⁷');
  expect(formatSmall(1e-12, 'en')).toBe('1 × 10⁻¹²');
  expect(formatSmall(9.99e-8, 'en')).toBe('1 × 10⁻⁷');
  expect(formatSmall(0.25, 'en')).toBe('0.25');
  expect(formatSmall(0, 'en')).toBe('0');
  expect(formatSmall(2.5e9, 'en')).toBe('2.5 × 10⁹');
});

test('bytes and shares', () => {
  expect(formatBytes(0, 'en')).toBe('0 B');
  expect(formatBytes(999, 'en')).toBe('999 B');
  expect(formatBytes(999_600, 'en')).toBe('1 MB');
  expect(formatBytes(41_250_000, 'en')).toBe('41.3 MB');
  expect(formatShare(0.625, 'en')).toBe('62.5%');
  expect(formatShare(0.0004, 'en')).toBe('0.04%');
});

test('long texts keep both ends and whole characters', () => {
  expect(shortened('😀'.repeat(10), 2, 1)).toBe('😀😀 … 😀');
  expect(shortened('abcd', 2, 1)).toBe('abcd');
});

test('measured values and bounds', () => {
  expect(formatValue(0.015625, 'en')).toBe('0.015625');
  expect(formatValue(1 / 3, 'en')).toBe('0.333333');
  expect(formatValue(1234.5, 'en')).toBe('1,234.5');
  expect(formatValue(12345678, 'ja')).toBe('12,345,678');
  expect(formatBounds(0.3, 0.7, 'en')).toBe('0.3 – 0.7');
  expect(formatBounds(4, null, 'en')).toBe('≥ 4');
  expect(formatBounds(null, 3, 'en')).toBe('≤ 3');
  expect(formatBounds(null, null, 'en')).toBe('–');
});
