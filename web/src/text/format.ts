/** Numbers as people of a language read them. */
export function formatCount(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}

export function formatShare(value: number, language: string): string {
  const digits = value > 0 && value < 0.01 ? 2 : 1;
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits }).format(value);
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 1,000 bytes are 1 kB. */
export function formatBytes(value: number, language: string): string {
  let unit = 0;
  while (value >= 999.5 && unit + 1 < byteUnits.length) {
    value /= 1000;
    unit++;
  }
  const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(value);
  return `${number} ${byteUnits[unit]}`;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const superscript = (power: number): string =>
  (power < 0 ? '⁻' : '') + [...String(Math.abs(power))].map((digit) => superscripts[Number(digit)]).join('');

/** `3.2e-7` → `3.2 × 10⁻⁷`; numbers from 0.001 to a million are written out. */
export function formatSmall(value: number, language: string): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '∞';
  if (value >= 0.001 && value < 1e6) {
    return new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(value);
  }
  const [digits = '1', power = '0'] = value.toExponential(1).split('e');
  return `${digits.replace(/\.0$/, '')} × 10${superscript(Number(power))}`;
}

/** The first and last characters of a long text, with `…` between. */
export function shortened(text: string, first: number, last: number): string {
  const points = [...text];
  if (points.length <= first + last + 1) return text;
  return `${points.slice(0, first).join('')} … ${last > 0 ? points.slice(-last).join('') : ''}`;
}

/** A measured value: `4`, `0.3127`, `1,234.5`. */
export function formatValue(value: number, language: string): string {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: Math.abs(value) < 1e6 ? 6 : 15 }).format(value);
}

/** Bounds as a range: `0.3 – 0.7`, `≥ 4`, `≤ 3`, `–`. */
export function formatBounds(min: number | null, max: number | null, language: string): string {
  const number = (value: number) => formatValue(value, language);
  if (min !== null && max !== null) return `${number(min)} – ${number(max)}`;
  if (min !== null) return `≥ ${number(min)}`;
  return max !== null ? `≤ ${number(max)}` : '–';
}
