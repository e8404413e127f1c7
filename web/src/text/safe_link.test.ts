import { expect, test } from 'vitest';
import { safeLink } from './safe_link';

test('http and https are links', () => {
  expect(safeLink('https://example.org/a?b#c')).toBe('https://example.org/a?b#c');
  expect(safeLink('http://example.org')).toBe('http://example.org/');
});

test('everything else is not a link', () => {
  for (const url of [
    null, undefined, '', 'javascript:alert(1)', ' javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'file:///etc/passwd', 'blob:https://example.org/1',
    '//example.org', '/v1/corpus', 'example.org', 'https:', 'https://', 'ftp://example.org', 'https://user:secret@example.org/',
    '\u0001https://example.org',
  ]) {
    expect(safeLink(url), String(url)).toBeNull();
  }
});
