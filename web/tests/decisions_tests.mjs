/**
 * The record of filtering on the Corpus page: fixture_chain.toml over fixture_corpus.jsonl, which it
 * keeps whole, and fixture_rejected.jsonl, whose rows name the step that drops them. With YURAI_BIN and
 * YURAI_FILTERED the numbers are also held against what `yurai corpus whatif` prints.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sizes } from './browser.mjs';
import { base, complaints, page, parameters, see, visit } from './one_page.mjs';

const rows = (name) => readFileSync(new URL(name, import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const kept = rows('fixture_corpus.jsonl');
const rejected = rows('fixture_rejected.jsonl');
const droppedBy = (step) => rejected.filter((row) => row.dropped_by === step);
const steps = ['not_empty', 'ads', 'length', 'links'];

const text = (id) => page.getByTestId(id).innerText();
const slider = () => page.getByRole('slider');
const open = async (more = '', lang = 'en') => {
  await visit(`/corpus?lang=${lang}${more}`);
  await see(page.getByTestId('funnel'));
};

/** What the command line says, else what the server does. */
async function whatIf(filter, bound, value) {
  const { YURAI_BIN: program, YURAI_FILTERED: folder } = process.env;
  const answer = await (await fetch(`${base}/v1/decisions/whatif?${new URLSearchParams({ filter, [bound]: value })}`)).json();
  if (program && folder) {
    const printed = execFileSync(program, ['corpus', 'whatif', folder, '--filter', filter, `--${bound}`, String(value), '--json'], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(printed), answer);
  }
  return answer;
}

/** The page shows this answer. */
async function shows(answer) {
  const { documents } = answer.kept_then;
  await page.waitForFunction(([kept, undetermined]) => {
    const shown = (id) => document.querySelector(`[data-testid="${id}"]`);
    return shown('what-if-answer')?.getAttribute('aria-busy') === 'false' &&
      shown('kept-then').textContent.startsWith(kept) && shown('undetermined').textContent === undetermined;
  }, [documents === 1 ? '1 document ' : `${documents} documents `, `undetermined: ${answer.undetermined.documents}`]);
  const table = (await text('what-if-table')).replace(/\s+/g, ' ');
  for (const [name, group] of [['Kept now', answer.kept_now], ['Kept then', answer.kept_then], ['Gained', answer.gained], ['Lost', answer.lost]]) {
    assert.ok(table.includes(`${name} ${group.documents} `), `${name} ${group.documents} in ${table}`);
  }
}

describe('The record of filtering', () => {
  test('the funnel shows what each step dropped and left', async () => {
    await open();
    let left = kept.length + rejected.length;
    const lines = await page.getByTestId('funnel').locator('tbody tr').allInnerTexts();
    assert.match(lines[0].replace(/\s+/g, ' '), new RegExp(`All that was read ${left} `));
    for (const [index, step] of steps.entries()) {
      const gone = droppedBy(step).length;
      left -= gone;
      assert.ok(gone > 0);
      assert.match(lines[index + 1].replace(/\s+/g, ' '), new RegExp(`^${step} .*−${gone} −[\\d.]+ k?B ${left} [\\d.]+ k?B$`));
    }
    assert.equal(left, kept.length);
    assert.match(await text('funnel-result'), new RegExp(`^${kept.length} of ${kept.length + rejected.length} documents stay`));
  });

  test('arrow keys move the threshold; the numbers are those of corpus whatif', async () => {
    await open('&filter=length');
    await see(page.getByTestId('histogram'));
    assert.match(await text('what-if'), /characters/);
    assert.equal(await slider().getAttribute('aria-valuetext'), '80');
    assert.ok((await text('kept-then')).startsWith(`${kept.length} documents`));
    await slider().focus();
    for (let press = 0; press < 30; press++) await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => /threshold=/.test(location.hash));
    const low = Number((await parameters()).threshold);
    assert.ok(low < 27, `moved to ${low}`);
    const lower = await whatIf('length', 'min', low);
    assert.ok(lower.undetermined.documents > 0);
    await shows(lower);
    await page.keyboard.press('End');
    await page.waitForFunction((before) => Number(new URLSearchParams(location.hash.split('?')[1]).get('threshold')) > before, 600);
    const upper = await whatIf('length', 'min', Number((await parameters()).threshold));
    assert.equal(upper.kept_then.documents, 0);
    await shows(upper);
  });

  test('a number can be typed, another bound chosen, and both reset', async () => {
    await open('&filter=length');
    await page.getByTestId('threshold-value').fill('200');
    const answer = await whatIf('length', 'min', 200);
    assert.ok(answer.lost.documents > 0);
    await shows(answer);
    assert.equal((await parameters()).threshold, '200');
    await page.getByRole('button', { name: 'Back to ≥ 80' }).click();
    await page.waitForFunction(() => !location.hash.includes('threshold'));
    await page.getByTestId('bound').getByText('Upper bound').click();
    await page.waitForFunction(() => location.hash.includes('bound=max'));
    await page.getByTestId('threshold-value').fill('1000');
    await shows(await whatIf('length', 'max', 1000));
  });

  test('the pointer moves the threshold on the histogram', async () => {
    await open('&filter=links');
    await see(page.getByTestId('histogram'));
    await page.getByTestId('histogram').scrollIntoViewIfNeeded();
    const box = await page.getByTestId('histogram').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction(() => /threshold=/.test(location.hash));
    const answer = await whatIf('links', 'max', Number((await parameters()).threshold));
    assert.equal(answer.gained.documents, droppedBy('links').length);
    await shows(answer);
  });

  test('dropped documents are listed, and what was counted is marked', async () => {
    await open('&filter=ads');
    await see(page.getByTestId('dropped').locator('article').first());
    const articles = page.getByTestId('dropped').locator('article');
    assert.equal(await articles.count(), droppedBy('ads').length);
    const marks = await page.getByTestId('dropped').locator('mark').allInnerTexts();
    assert.deepEqual([...new Set(marks)].sort(), ['buy now', '無料'].sort());
    const japanese = articles.filter({ hasText: 'rejected/ads-ja' });
    const words = await japanese.innerText();
    for (const value of ['≥ 2', '≤ 1', 'CC-BY-4.0', '旅の記録', 'ads.example.org']) assert.ok(words.includes(value), `${value} in ${words}`);
    await page.getByTestId('funnel').getByRole('button', { name: 'length' }).click();
    await page.waitForFunction(() => location.hash.includes('filter=length'));
    await see(page.getByTestId('dropped').getByText('rejected/long'));
    assert.equal(await articles.count(), droppedBy('length').length);
    assert.equal(await page.getByTestId('dropped').locator('mark').count(), 0, 'a length has no places');
    await page.goBack();
    await see(page.getByTestId('dropped').getByText('rejected/ads-ja'));
  });

  test('a hostile dropped document is only text', async () => {
    await open('&filter=ads');
    await see(page.getByTestId('dropped').getByText('<script>window.hostile=24</script>'));
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.hostile), undefined);
    assert.equal(await page.locator('main img, main b, main script').count(), 0);
    const shown = await page.locator('body').innerText();
    assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0007\u001b]/);
    assert.match(await text('dropped'), /U\+202E/);
  });

  test('licences before and after show what was lost', async () => {
    await open();
    const table = await page.getByTestId('kept-licenses').locator('tbody tr').allInnerTexts();
    for (const license of ['CC-BY-4.0', 'CC0-1.0', 'GPL-2.0-or-later']) {
      const before = [...kept, ...rejected].filter((row) => row.license === license).length;
      const after = kept.filter((row) => row.license === license).length;
      const row = table.map((line) => line.replace(/\s+/g, ' ')).find((line) => line.startsWith(license));
      assert.ok(row?.startsWith(`${license} ${before} ${after} `), `${license} ${before} ${after}: ${row}`);
    }
    assert.ok(table.some((line) => line.startsWith('not known')));
  });

  test('the address holds step, bound and threshold', async () => {
    await open('&filter=length&bound=max&threshold=300');
    const answer = await whatIf('length', 'max', 300);
    await shows(answer);
    await page.reload();
    await shows(answer);
    assert.equal(await page.getByTestId('threshold-value').inputValue(), '300');
  });

  test('Japanese says the same', async () => {
    await open('&filter=length&threshold=200');
    await see(page.getByRole('heading', { name: 'The record of filtering' }));
    await page.getByText('日本語', { exact: true }).click();
    await see(page.getByRole('heading', { name: '選別の記録' }));
    const answer = await whatIf('length', 'min', 200);
    await page.waitForFunction((start) => document.querySelector('[data-testid="kept-then"]')?.textContent.startsWith(start), `${answer.kept_then.documents} 文書`);
    assert.equal(await text('undetermined'), `未確定: ${answer.undetermined.documents}`);
    assert.match(await text('what-if'), /単位: 文字/);
    assert.match(await text('funnel'), /読んだ文書\s+18/);
  });

  test('a server without decisions says how to show them, and the rest of the page stays', async () => {
    await page.route('**/v1/decisions', (route) => route.fulfill({ status: 404, contentType: 'application/json', body: '{"error":{"message":"no","type":"not_found_error","param":null,"code":"no_decisions"}}' }));
    await visit('/corpus?lang=en');
    await see(page.getByTestId('decisions').getByText('--filtered'));
    await see(page.getByTestId('totals'));
  });

  test('a failing server is an error that can be tried again', async () => {
    await page.route('**/v1/decisions/whatif**', (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"error":{"message":"the decisions cannot be read","type":"server_error","param":null,"code":"io"}}' }));
    await open('&filter=length&threshold=200');
    await see(page.getByText('the decisions cannot be read'));
    await page.unroute('**/v1/decisions/whatif**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await shows(await whatIf('length', 'min', 200));
    complaints.length = 0;
  });

  test('on a phone nothing is wider than the window', async () => {
    await page.setViewportSize(sizes.phone);
    for (const lang of ['en', 'ja']) {
      for (const step of steps) {
        await open(`&filter=${step}`, lang);
        await see(page.getByTestId('dropped').locator('article').first());
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${step} ${lang}`);
      }
    }
  });
});
