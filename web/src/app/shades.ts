/** How unlikely a span is by chance, as shade and line; the legend and the tests read the same table. */
export interface Level {
  /** Spans with `chance_per_10k` at most this, and above the next level's. */
  atMost: number;
  light: string;
  dark: string;
  /** Height of the line under the text in pixels. */
  line: number;
  dotted: boolean;
}

export const levels: readonly Level[] = [
  { atMost: Infinity, light: '#fbf7ec', dark: '#27251f', line: 2, dotted: true },
  { atMost: 1, light: '#fdf0c9', dark: '#383119', line: 1, dotted: false },
  { atMost: 1e-2, light: '#fbe39b', dark: '#4a3d16', line: 2, dotted: false },
  { atMost: 1e-4, light: '#f8d266', dark: '#5d4a12', line: 3, dotted: false },
  { atMost: 1e-8, light: '#f3bd3c', dark: '#70570c', line: 4, dotted: false },
];

/** Index into `levels`. */
export function levelOf(chance: number): number {
  let level = 0;
  levels.forEach(({ atMost }, index) => {
    if (chance <= atMost) level = index;
  });
  return level;
}

export const paper = { light: '#ffffff', dark: '#1e1f24' } as const;
export const ink = { light: '#1f2430', dark: '#e9e7e2' } as const;
export const dimmed = { light: '#5b6270', dark: '#a9adb8' } as const;
export const line = { light: '#8a5a00', dark: '#f4b93b' } as const;
export const selected = { light: '#d5dffa', dark: '#2f4478' } as const;
export const selectedLine = { light: '#2f4a8a', dark: '#a9bdf5' } as const;

/** For shares of sources; each is told from its neighbours by its number too. */
export const categories = {
  light: ['#2f4a8a', '#2a7f78', '#a3541a', '#7a3f8f', '#4f7a1e', '#b0355c', '#5c6b8a', '#8a6d00'],
  dark: ['#8fa8ec', '#5fc2b8', '#e89a5c', '#c08ad6', '#9cc95f', '#ec86a6', '#a3b0cc', '#d9b93b'],
} as const;

function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** WCAG contrast of two colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
