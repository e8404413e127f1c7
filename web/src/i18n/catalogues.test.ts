import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import en from './en.json';
import ja from './ja.json';

const src = fileURLToPath(new URL('..', import.meta.url));
const catalogues = { en: en as Record<string, string>, ja: ja as Record<string, string> };
const singular = /_one$/;

function sources(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.ts$/.test(name) && !name.endsWith('schema.ts'))
    .map((name) => readFileSync(join(src, name), 'utf8'));
}

test('both catalogues have the same keys; Japanese has no singular', () => {
  const english = Object.keys(en).filter((key) => !singular.test(key)).sort();
  expect(Object.keys(ja).sort()).toEqual(english);
});

test('every text has the same placeholders in both languages, and none is empty', () => {
  for (const [key, text] of Object.entries(catalogues.ja)) {
    const places = (value: string) => [...value.matchAll(/\{\{\w+\}\}/g)].map(String).sort();
    expect(text.trim(), key).not.toBe('');
    expect(places(text), key).toEqual(places(catalogues.en[key] ?? ''));
  }
});

test('every key that the code uses exists, and every key is used', () => {
  const code = sources().join('\n');
  const used = new Set([...code.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] as string));
  for (const key of used) {
    expect(key in en || `${key}_other` in en, `missing: ${key}`).toBe(true);
  }
  for (const key of Object.keys(en)) {
    const base = key.replace(/_(one|other)$/, '');
    const prefix = base.slice(0, base.lastIndexOf('.') + 1);
    expect(code.includes(`'${base}'`) || code.includes(`\`${prefix}\${`), `unused: ${key}`).toBe(true);
  }
});

test('a match is never called the source of a claim, nor the rest unsupported', () => {
  for (const catalogue of Object.values(catalogues)) {
    const all = Object.values(catalogue).join('\n').toLowerCase();
    expect(all).not.toMatch(/unsupported|hallucinat|根拠なし|裏付け/);
  }
  expect(en['trace.uncovered']).toBe('without a significant match');
  expect(ja['trace.uncovered']).toBe('有意な一致なし');
  expect(en['trace.covered']).toBe('verbatim match');
  expect(ja['trace.covered']).toBe('逐語一致');
});
