/**
 * A training run on the page: when it read a passage, and how it went. Held against what the server's
 * own GET /v1/runs and POST /v1/trace say; skipped where the server has no run.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sizes, traceAddress } from './browser.mjs';
import { base, complaints, page, see, visit } from './one_page.mjs';

const corpus = readFileSync(new URL('fixture_corpus.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const [run] = (await (await fetch(`${base}/v1/runs`)).json()).runs;
const skip = run === undefined && 'the server shows no training run';
const count = (value, language = 'en') => new Intl.NumberFormat(language).format(value);
const text = (id) => page.getByTestId(id).first().innerText();

/** A span whose first document the run read, and that document; both as the server gives them. */
async function tracedPassage() {
  for (const document of corpus) {
    const passage = document.text.split('\n')[0];
    const response = await fetch(`${base}/v1/trace`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: passage, max_chance: 'inf' }),
    });
    const { spans } = await response.json();
    const span = spans.findIndex(({ documents }) => documents[0]?.seen_total > 0);
    if (span >= 0) return { passage, span, occurrence: spans[span].documents[0] };
  }
  return assert.fail('the run read no passage of the corpus');
}

describe('A training run', { skip }, () => {
  test('a document card shows at which steps the passage was read and what it cost', async () => {
    const { passage, span, occurrence } = await tracedPassage();
    await visit(await traceAddress(base, passage, { max: 'inf', lang: 'en', span: String(span + 1) }));
    await see(page.getByTestId('exposures').first());
    const steps = [...new Set(occurrence.seen.map(({ step }) => step))];
    const shown = await text('exposure-steps');
    assert.match(shown, steps.length === 1 ? /^Read 1 time in training: step / : new RegExp(`^Read ${count(Math.max(steps.length, 2))} times in training, whole or in part: steps `));
    for (const step of [steps[0], steps.at(-1)]) assert.ok(shown.includes(count(step)), `${step} in ${shown}`);
    await see(page.getByTestId('exposure-losses').first());
    assert.match(await text('exposure-costs'), /nats a token/);
    assert.equal(await page.getByTestId('exposures').first().getByTestId('loss-now').count(), occurrence.loss_now === null ? 0 : 1);
    assert.match(await text('exposures'), /does not say why/);
    await page.getByText('日本語', { exact: true }).click();
    await page.waitForFunction(() => /学習中に .+ 回.*読まれました/.test(document.querySelector('[data-testid="exposure-steps"]')?.textContent));
  });

  test('Models shows the loss curve, the model, its lineage, its options and the head of its ledger', async () => {
    await visit('/corpus?lang=en');
    await see(page.getByTestId('totals'));
    await page.getByRole('link', { name: 'Models' }).press('Enter');
    await see(page.getByTestId('loss-curve'));
    const points = (await page.getByTestId('curve-each').getAttribute('d')).match(/[ML]/g).length;
    assert.equal(points, run.metrics.length);
    assert.equal((await page.getByTestId('curve-mean').getAttribute('d')).match(/[ML]/g).length, run.metrics.length);
    const validated = run.metrics.filter((line) => line.validation_nats !== undefined);
    assert.equal(await page.getByTestId('curve-validation').count(), validated.length);
    if (validated.length > 0) assert.equal(await page.getByTestId('validations').locator('tbody tr').count(), validated.length);
    const box = await page.getByTestId('curve-mean').boundingBox();
    assert.ok(box.width > 200 && box.height > 20, 'something is drawn');
    const model = await text('run-model');
    for (const value of [run.model.id, run.model.architecture, count(run.model.parameters.total)]) assert.ok(model.includes(value), `${value} in ${model}`);
    const lineage = await text('lineage');
    for (const value of [run.lineage[0].checksum.slice(0, 16), run.run.tokenizer_sha256.slice(0, 16), count(run.run.tokens)]) assert.ok(lineage.includes(value), value);
    assert.match(await text('configuration'), new RegExp(`batch\\.sequences\\s+${run.run.configuration.batch.sequences}\\b`));
    assert.equal(await text('chain-head'), run.ledger.chain_head);
  });

  test('Models speaks both languages, on a phone and in the dark too', async () => {
    await page.setViewportSize(sizes.phone);
    await page.emulateMedia({ colorScheme: 'dark' });
    await visit('/models?lang=ja');
    await see(page.getByTestId('loss-curve'));
    assert.equal(await page.locator('h1').innerText(), 'モデルと学習');
    assert.match(await text('loss-curve'), /移動平均/);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing overflows');
    await visit('/models?lang=en');
    await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Models and their training');
  });

  test('several runs stand beside each other, one of another trainer too, and each can be looked at', async () => {
    const longer = { ...run, name: '<b>longer</b>', model: { ...run.model, id: 'step-9999' }, ledger: { ...run.ledger, steps: 9999 } };
    const imported = {
      ...run, name: 'imported', model: null, metrics: [], lineage: [],
      run: { ...run.run, format: 'yurai-ledger', tokens: null, tokenizer_sha256: null, validation_documents: null }, ledger: { ...run.ledger, tokens_per_epoch: null },
    };
    await page.route('**/v1/runs', (route) => route.fulfill({ json: { runs: [run, longer, imported] } }));
    await visit('/models?lang=en');
    await see(page.getByTestId('run-list'));
    assert.equal(await page.getByTestId('run-list').locator('tbody tr').count(), 3);
    assert.equal(await page.getByTestId('curve-of-run').count(), 2);
    assert.ok((await text('run-list')).includes('<b>longer</b>'));
    await page.getByRole('link', { name: '<b>longer</b>' }).press('Enter');
    await page.waitForFunction(() => document.querySelector('[data-testid="run-model"]')?.textContent.includes('step-9999'));
    await page.getByRole('link', { name: 'imported' }).press('Enter');
    await page.waitForFunction(() => document.body.textContent.includes('another program trained'));
    assert.equal(await page.getByTestId('loss-curve').count(), 0);
    assert.equal(await text('chain-head'), run.ledger.chain_head);
    await page.unroute('**/v1/runs');
  });

  test('the model of the run can be asked', async () => {
    const { data } = await (await fetch(`${base}/v1/models`)).json();
    assert.ok(data.some(({ id }) => id === run.model.id));
    await visit('/trace?lang=en');
    await page.getByText('Ask a model', { exact: true }).click();
    await page.getByRole('combobox', { name: 'Model' }).or(page.getByRole('textbox', { name: 'Model' })).first().click();
    await see(page.getByRole('option', { name: run.model.id, exact: true }));
  });
});

describe('Without a training run', () => {
  test('Models says how to get one', async () => {
    await page.route('**/v1/runs', (route) => route.fulfill({ json: { runs: [] } }));
    await visit('/models?lang=en');
    await see(page.getByTestId('how-to-train'));
    assert.match(await text('how-to-train'), /yurai train [\s\S]*yurai serve --index index --model run/);
    assert.equal(await page.getByRole('alert').count(), 0);
    complaints.length = 0;
  });
});
