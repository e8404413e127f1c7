import { createTheme, type CSSVariablesResolver } from '@mantine/core';
import { categories, dimmed, ink, levels, line, paper, selected, selectedLine } from './shades';

const sans = [
  '-apple-system', '"Segoe UI"', 'Roboto', '"Noto Sans"', '"Hiragino Sans"', '"Noto Sans CJK JP"', '"Noto Sans JP"',
  '"Yu Gothic UI"', 'Meiryo', 'sans-serif',
].join(', ');
const mono = ['ui-monospace', '"SF Mono"', '"Cascadia Mono"', '"DejaVu Sans Mono"', '"Noto Sans Mono CJK JP"', 'monospace'].join(', ');

export const theme = createTheme({
  fontFamily: sans,
  fontFamilyMonospace: mono,
  headings: { fontFamily: sans, fontWeight: '700', sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.4' }, h2: { fontSize: '1.05rem', lineHeight: '1.5' } } },
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.36,
  defaultRadius: 'md',
  lineHeights: { md: '1.65' },
  colors: {
    indigo: ['#eef2fb', '#dbe3f6', '#b9c7ec', '#a9bdf5', '#8fa8ec', '#5a76c4', '#4863b0', '#3b549d', '#2f4a8a', '#233a70'],
    dark: ['#e9e7e2', '#c3c5cc', '#a9adb8', '#6b6f7b', '#43464f', '#34373f', '#26282e', '#1e1f24', '#17181c', '#101114'],
  },
  focusRing: 'auto',
});

const schemeVariables = (scheme: 'light' | 'dark'): Record<string, string> => ({
  '--yurai-page': scheme === 'light' ? '#f6f6f3' : '#17181c',
  '--yurai-paper': paper[scheme],
  '--yurai-ink': ink[scheme],
  '--yurai-line': line[scheme],
  '--yurai-rule': scheme === 'light' ? '#e3e2dc' : '#34373f',
  '--yurai-soft': scheme === 'light' ? '#f1f1ec' : '#26282e',
  '--yurai-selected': selected[scheme],
  '--yurai-selected-line': selectedLine[scheme],
  '--mantine-color-body': paper[scheme],
  '--mantine-color-text': ink[scheme],
  '--mantine-color-dimmed': dimmed[scheme],
  '--mantine-color-placeholder': dimmed[scheme],
  '--mantine-color-anchor': selectedLine[scheme],
  ...Object.fromEntries(levels.map((level, index) => [`--yurai-level-${index}`, level[scheme]])),
  ...Object.fromEntries(categories[scheme].map((colour, index) => [`--yurai-category-${index}`, colour])),
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: schemeVariables('light'),
  dark: schemeVariables('dark'),
});
