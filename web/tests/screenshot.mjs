/**
 * The pictures of the README: npm run screenshot -- --base-url URL --out DIR
 * [--text-en FILE] [--text-ja FILE] [--max CHANCE]. Without files, passages of tests/fixture_corpus.jsonl
 * joined by sentences of our own are traced.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, option, sizes, traceAddress } from './browser.mjs';

const base = option('base-url');
const out = option('out');
if (!base || !out) {
  console.error('usage: npm run screenshot -- --base-url URL --out DIR [--text-en FILE] [--text-ja FILE] [--max CHANCE]');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const corpus = readFileSync(new URL('fixture_corpus.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const textOf = (start) => corpus.find(({ id }) => id.startsWith(start)).text;
const texts = {
  en: `If you keep a small boat, start with the printed figures. ${textOf('en/tides').split('\n')[0]} Bread is more patient. ${textOf('en/sourdough').split('\n')[0].slice(-105)} Everything else is practice.`,
  ja: `旅先で覚えたことを書いておく。${textOf('ja/onsen').split('\n')[2]}帰り道に寄った場所のことも。${textOf('ja/bunko').split('\n')[0]}どちらの町にも、また行きたい。`,
};
const given = { en: option('text-en'), ja: option('text-ja') };
const max = option('max', given.en || given.ja ? '1' : 'inf');

for (const [lang, colorScheme] of [['en', 'light'], ['ja', 'light'], ['en', 'dark'], ['ja', 'dark']]) {
  const browser = await openBrowser({ viewport: sizes.desktop, colorScheme });
  const page = await browser.context.newPage();
  const text = given[lang] ? readFileSync(given[lang], 'utf8').trimEnd() : texts[lang];
  await page.goto(await traceAddress(base.replace(/\/$/, ''), text, { lang, ...(max === '1' ? {} : { max }) }));
  await page.getByTestId('traced-text').waitFor();
  // The least likely span is the one to show.
  const longest = await page.$$eval('[data-testid="traced-text"] [data-covering]', (parts) => {
    const best = parts.reduce((a, b) => (b.dataset.level > a.dataset.level || (b.dataset.level === a.dataset.level && b.textContent.length > a.textContent.length) ? b : a), parts[0]);
    return best?.dataset.covering.split(' ')[0];
  });
  if (longest !== undefined) {
    await page.locator(`#span-${Number(longest) + 1}`).click();
    await page.getByTestId('span-panel').waitFor();
  }
  await page.evaluate(() => { document.activeElement?.blur(); window.scrollTo(0, 0); });
  await page.mouse.move(0, 0);
  await page.waitForTimeout(500);
  const file = join(out, `trace_${lang}${colorScheme === 'dark' ? '_dark' : ''}.png`);
  await page.screenshot({ path: file });
  console.log(file);
  await browser.close();
}
