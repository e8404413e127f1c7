/** Hooks of a file of tests: one browser for all, a new page for each, which may complain of nothing. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { openBrowser } from './browser.mjs';

export const base = process.env.YURAI_BASE_URL;
export let browser;
export let page;
export let complaints;

before(async () => { browser = await openBrowser(); });
after(async () => { await browser?.close(); });
beforeEach(async () => {
  page = await browser.context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (400|404)/.test(message.text())) complaints.push(message.text());
  });
  // Nothing of the page may come from elsewhere.
  page.on('request', (request) => { if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) complaints.push(`request to ${request.url()}`); });
});
afterEach(async () => {
  await page.close();
  assert.deepEqual(complaints, []);
});

export const visit = async (path) => { await page.goto(path.startsWith('http') ? path : `${base}/#${path}`); };
export const parameters = () => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.split('?')[1] ?? '')));
export const see = (locator) => locator.waitFor({ state: 'visible' });
