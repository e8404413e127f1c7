import { expect, test } from 'vitest';
import { address, changed, finiteNumber, maxChance, maxShownDocuments, shownDocuments, wholeNumber } from './url_state';

test('parameters are set, repeated and removed', () => {
  const now = new URLSearchParams('a=1&b=2&b=3');
  expect(changed(now, { a: null, b: ['x', 'y'], c: '由 来' }).toString()).toBe('b=x&b=y&c=%E7%94%B1+%E6%9D%A5');
  expect(now.toString()).toBe('a=1&b=2&b=3');
  expect(changed(now, { b: '' }).toString()).toBe('a=1');
});

test('an id with any character survives the address', () => {
  const id = 'a/b?c#d%e&f=g h+i\u0000\u202e😀';
  const made = address('/document', new URLSearchParams('lang=ja&t=zzz'), { id });
  expect(made.startsWith('/document?lang=ja&id=')).toBe(true);
  expect(new URLSearchParams(made.split('?')[1]).get('id')).toBe(id);
  expect(made).not.toContain('t=zzz');
});

test('numbers of the address are checked', () => {
  expect(wholeNumber('12')).toBe(12);
  for (const text of [null, '', '-1', '1.5', '1e3', 'x', '9'.repeat(20)]) expect(wholeNumber(text)).toBeNull();
});

test('documents are asked for only as many as the server shows', () => {
  expect(shownDocuments('50')).toBe(50);
  expect(shownDocuments('0')).toBe(1);
  expect(shownDocuments('5000')).toBe(maxShownDocuments);
  for (const text of [null, '', '-1', 'x']) expect(shownDocuments(text)).toBe(10);
});

test('the threshold is a number, inf, or 1', () => {
  expect(maxChance('inf')).toBe('inf');
  expect(maxChance('0.01')).toBe(0.01);
  expect(maxChance('0')).toBe(0);
  for (const text of [null, '', ' ', '-1', 'NaN', 'Infinity', 'x']) expect(maxChance(text)).toBe(1);
});

test('numbers from the address', () => {
  expect(finiteNumber('0.35')).toBe(0.35);
  expect(finiteNumber('-1e3')).toBe(-1000);
  for (const text of [null, '', ' ', 'x', 'Infinity', 'NaN', '1,5']) expect(finiteNumber(text)).toBeNull();
});
