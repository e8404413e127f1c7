/**
 * What a person sees, in Chromium, over tests/fixture_corpus.jsonl. The corpus is tiny, so that chance
 * says little: the Trace page is opened without a limit (max=inf) and tests look at known passages.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sizes, traceAddress } from './browser.mjs';
import { base, browser, complaints, page, parameters, see, visit } from './one_page.mjs';

const corpus = readFileSync(new URL('fixture_corpus.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const byId = (start) => corpus.find(({ id }) => id.startsWith(start));
const onsen = byId('ja/onsen');
const kikai = byId('ja/kikai');
const tides = byId('en/tides');
const unlicensed = byId('en/unlicensed');
const hostile = byId('hostile/');

const passage = '雪の多い冬は一度ほど低く、梅雨の終わりには少しだけ高い';
const own = 'ここだけは私が書いた。';
const shared = 'If a dark liquid gathers on top, the starter is only hungry: pour the liquid away, feed it twice, and wait.';
const pear = 'It was agreed that the old pear tree should stay for one more year';

const panel = () => page.getByTestId('span-panel');

/** The words that the spans of the traced text cover, as they stand on the page. */
const markedText = () => page.$$eval('[data-testid="traced-text"] [data-covering]', (parts) => parts.map((part) => part.textContent).join(''));

/** Opens a text without a limit and chooses the span that holds `words`. */
async function traceAndChoose(text, words, more = {}) {
  await visit(await traceAddress(base, text, { max: 'inf', lang: 'en', ...more }));
  const part = page.locator('[data-covering]', { hasText: words }).first();
  await see(part);
  // Overlapping spans are chosen in turn: click until the panel shows the one with the words.
  for (let turn = 0; turn < 6; turn++) {
    await part.click();
    await see(panel());
    if ((await panel().innerText()).includes(words)) return;
  }
  assert.fail(`no span with '${words}' was chosen`);
}

describe('Trace', () => {
  test('a pasted text is traced, its verbatim part is marked and its own part is not', async () => {
    await visit('/trace?lang=ja&max=inf');
    await page.getByTestId('text').fill(`${own}${passage}。`);
    await page.getByTestId('run').click();
    await see(page.getByTestId('traced-text'));
    assert.ok((await markedText()).includes(passage));
    assert.ok(!(await markedText()).includes(own));
    assert.match(await page.getByTestId('coverage').innerText(), /逐語一致/);
    const part = page.locator('[data-covering]', { hasText: passage }).first();
    const style = await part.evaluate((element) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(element);
      return { backgroundColor, backgroundImage };
    });
    assert.notEqual(style.backgroundColor, 'rgba(0, 0, 0, 0)', 'shaded');
    assert.match(style.backgroundImage, /gradient/, 'underlined');
  });

  test('a chosen span shows the document: licence, source, author, date and the words around', async () => {
    await traceAndChoose(`${own}${passage}。`, passage);
    const text = await panel().innerText();
    for (const value of [onsen.title, onsen.license, onsen.source, onsen.author, onsen.date, '湯の温度は季節によって']) {
      assert.ok(text.includes(value), `${value} in ${text}`);
    }
    assert.match(await page.getByTestId('chance').innerText(), /per 10,000 characters/);
    const link = panel().getByRole('link', { name: 'Original' }).first();
    assert.equal(await link.getAttribute('href'), onsen.url);
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  });

  test('a passage of two documents shows both, and credits both licences', async () => {
    await traceAndChoose(`${shared} Nothing else here rings a bell.`, 'the starter is only hungry');
    const text = await panel().innerText();
    assert.ok(text.includes('CC-BY-SA-4.0') && text.includes('GPL-2.0-or-later'));
    const credits = await page.getByTestId('credits').innerText();
    for (const value of ['kitchen-almanac', 'CC-BY-SA-4.0', 'GPL-2.0-or-later', 'without a significant match']) assert.ok(credits.includes(value), value);
  });

  test('a missing licence is said in words', async () => {
    await traceAndChoose(pear, pear);
    assert.match(await panel().innerText(), /licence not known/i);
    assert.ok((await panel().innerText()).includes(unlicensed.author));
    assert.equal(await panel().getByRole('link', { name: 'Original' }).count(), 0, 'mailto: is not a link');
  });

  test('the address holds the whole state: reloading and sharing shows the same', async () => {
    await traceAndChoose(`${own}${passage}。`, passage);
    const address = page.url();
    const before = await panel().innerText();
    await page.reload();
    await see(panel());
    assert.equal(await panel().innerText(), before);
    const other = await browser.context.newPage();
    await other.goto(address);
    await other.getByTestId('span-panel').waitFor();
    assert.equal(await other.getByTestId('span-panel').innerText(), before);
    await other.close();
  });

  test('j and k walk through the spans, o opens the document at the match', async () => {
    await visit(await traceAddress(base, `${passage}。${own}${pear}`, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    await page.keyboard.press('j');
    await page.waitForFunction(() => /span=1(&|$)/.test(location.hash));
    await page.keyboard.press('j');
    await page.waitForFunction(() => /span=2(&|$)/.test(location.hash));
    await page.keyboard.press('k');
    await page.waitForFunction(() => /span=1(&|$)/.test(location.hash));
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'span-1');
    await see(panel());
    const title = await panel().locator('h3').first().innerText();
    await page.keyboard.press('o');
    await see(page.getByTestId('match'));
    assert.equal(await page.locator('h1').innerText(), title);
  });

  test('keys do nothing while a text is written or composed', async () => {
    await visit(await traceAddress(base, `${passage}。`, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    await page.evaluate(() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', isComposing: true, bubbles: true })));
    await page.evaluate(() => document.dispatchEvent(new KeyboardEvent('keydown', { key: '?', isComposing: true, bubbles: true })));
    await page.waitForTimeout(200);
    assert.equal((await parameters()).span, undefined);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.getByRole('button', { name: 'Edit the text' }).click();
    await page.getByTestId('text').fill('');
    await page.getByTestId('text').pressSequentially('jk?/o');
    assert.equal(await page.getByTestId('text').inputValue(), 'jk?/o');
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  test('? shows the keys', async () => {
    await visit('/corpus?lang=en');
    await see(page.getByTestId('totals'));
    await page.keyboard.press('?');
    await see(page.getByRole('dialog'));
    assert.match(await page.getByRole('dialog').innerText(), /next span/);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('a text without a match says so, and never that it is unsupported', async () => {
    await visit(await traceAddress(base, '〇〇〇〇', { lang: 'ja' }));
    await see(page.getByTestId('no-spans'));
    assert.match(await page.getByTestId('coverage').innerText(), /有意な一致なし/);
    assert.doesNotMatch(await page.locator('main').innerText(), /根拠なし|unsupported/i);
  });

  test('the threshold is in the address and narrows what is shown', async () => {
    await visit(await traceAddress(base, `${passage}。${own}`, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    const markers = () => page.locator('[id^="span-"]').count();
    const all = await markers();
    assert.ok(all > 0);
    await page.getByTestId('threshold').selectOption('0.0001');
    await page.waitForFunction(() => location.hash.includes('max=0.0001'));
    await page.waitForTimeout(500);
    assert.ok((await markers()) <= all);
  });

  test('characters outside the basic plane do not shift the marks', async () => {
    await visit(await traceAddress(base, `😀𠮷😀${passage}。`, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    assert.ok((await markedText()).includes(passage));
    assert.ok(!(await markedText()).includes('😀'));
  });

  test('what differs only in how it is written is shown when asked for, with what differs', async () => {
    const half = Math.floor([...passage].length / 2);
    const wrapped = `${[...passage].slice(0, half).join('')}\n${[...passage].slice(half).join('')}`;
    await visit(await traceAddress(base, wrapped, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    assert.equal(await page.getByTestId('differs').count(), 0);
    await page.getByTestId('show-fold').click();
    await see(page.locator('#span-1[aria-label*="another writing"]'));
    await page.locator('#span-1').click();
    await see(page.getByTestId('span-panel').getByText('The same but for: white space').first());
    await page.getByTestId('show-fold').click();
    await page.getByTestId('differs').first().waitFor({ state: 'detached' });
  });

  test('passages with small edits and related passages are shown when asked for, apart from matches', async () => {
    await visit(await traceAddress(base, `${passage.replace('一度', '二度')}。`, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('traced-text'));
    assert.equal(await page.getByTestId('near').count(), 0);
    await page.getByTestId('show-near').click();
    await see(page.getByTestId('near').getByText('1 edit'));
    assert.ok((await page.getByTestId('near').innerText()).includes(onsen.title));
    await page.getByTestId('show-related').click();
    await see(page.getByTestId('related').locator('article').first());
    assert.match(await page.getByTestId('related').innerText(), /no matches/);
    const { near, related } = await parameters();
    assert.deepEqual([near, related], ['1', '1']);
    await page.reload();
    await see(page.getByTestId('related').locator('article').first());
    await page.getByTestId('show-near').click();
    await page.getByTestId('near').waitFor({ state: 'detached' });
  });

  test('the legend says what the shades mean', async () => {
    await visit(await traceAddress(base, passage, { max: 'inf', lang: 'en' }));
    await see(page.getByTestId('legend'));
    assert.match(await page.getByTestId('legend').innerText(), /at most 1[\s\S]*without a significant match/);
  });

  test('a damaged address is explained', async () => {
    await visit('/trace?lang=en&t=zAAAA');
    await see(page.getByText('The text in this address is damaged.'));
  });

  test('a model can be asked, and its answer is traced', async () => {
    await visit('/trace?lang=en&max=inf&mode=ask');
    await page.getByTestId('prompt').fill('温泉の町の朝は');
    await page.getByRole('button', { name: 'Ask and trace' }).click();
    await see(page.getByTestId('traced-text'));
    assert.equal((await parameters()).mode, 'ask');
    assert.ok((await page.getByTestId('traced-text').innerText()).length > 0);
  });
});

describe('Languages, themes, sizes', () => {
  test('the language switch changes the page, the address and the next visit', async () => {
    await visit('/trace?lang=en');
    await see(page.getByRole('heading', { name: 'Trace a text' }));
    await page.getByText('日本語', { exact: true }).click();
    await see(page.getByRole('heading', { name: '文章の由来をたどる' }));
    assert.equal((await parameters()).lang, 'ja');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'ja');
    await visit('/corpus');
    await page.reload();
    await see(page.getByRole('heading', { name: 'コーパス' }));
    await page.getByText('English', { exact: true }).click();
    await see(page.getByRole('heading', { name: 'The corpus' }));
  });

  test('dark is dark, is kept, and readable', async () => {
    await visit('/trace?lang=en');
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await see(page.getByRole('heading', { name: 'Trace a text' }));
    assert.equal(await background(), 'rgb(246, 246, 243)');
    await page.getByTestId('theme').click();
    await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(23, 24, 28)');
    await page.reload();
    await see(page.getByRole('heading', { name: 'Trace a text' }));
    assert.equal(await background(), 'rgb(23, 24, 28)');
    await page.getByTestId('theme').click();
    await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(246, 246, 243)');
  });

  for (const scheme of ['light', 'dark']) {
    test(`every word on every page has a contrast of 4.5 (${scheme})`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      const pages = [
        '/trace?lang=ja', '/trace?lang=en&mode=ask', '/corpus?lang=ja', '/corpus?lang=en&filter=ads&threshold=3', '/search?lang=en&q=tide', '/search?lang=ja&mode=next&context=t',
        '/search?lang=en&mode=prob&context=the&text=%20tide', '/search?lang=en&mode=count&text=the', `/document?lang=ja&${new URLSearchParams({ id: hostile.id })}`,
        await traceAddress(base, `${own}${passage}${shared}${pear}`, { lang: 'ja', max: 'inf', span: '1' }),
      ];
      for (const path of pages) {
        await visit(path);
        await page.evaluate((wanted) => { localStorage.setItem('mantine-color-scheme-value', wanted); }, scheme);
        await page.reload();
        await see(page.locator('h1').first());
        await page.waitForTimeout(400);
        const weak = await page.evaluate(() => {
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgba = (colour) => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const over = (top, below) => top.slice(0, 3).map((value, at) => value * top[3] + below[at] * (1 - top[3]));
          const luminance = ([r, g, b]) => [r, g, b].map((value) => {
            const v = value / 255;
            return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          }).reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
          const found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const element = node.parentElement;
            if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('[disabled], [data-disabled], script, style, .skip')) continue;
            const chain = [];
            for (let at = element; at; at = at.parentElement) chain.push(at);
            let ground = [255, 255, 255];
            for (const at of chain.reverse()) ground = over(rgba(getComputedStyle(at).backgroundColor), ground);
            const ink = over(rgba(getComputedStyle(element).color), ground);
            const [x, y] = [luminance(ink), luminance(ground)];
            const contrast = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
            if (contrast < 4.5) found.push(`${contrast.toFixed(2)} '${node.data.trim().slice(0, 30)}' <${element.className}>`);
          }
          return found;
        });
        assert.deepEqual(weak, [], path);
      }
      await page.evaluate(() => localStorage.removeItem('mantine-color-scheme-value'));
    });
  }

  for (const [size, viewport] of Object.entries(sizes)) {
    for (const lang of ['en', 'ja']) {
      test(`nothing is wider than the window (${size}, ${lang})`, async () => {
        await page.setViewportSize(viewport);
        const pages = [
          `/trace?lang=${lang}`, `/trace?lang=${lang}&mode=ask`, `/corpus?lang=${lang}`, `/search?lang=${lang}&q=the`,
          `/search?lang=${lang}&mode=count&text=the&text=${'長'.repeat(80)}`, `/search?lang=${lang}&mode=next&context=t`, `/search?lang=${lang}&mode=documents&q=tide`, `/search?lang=${lang}&mode=phrases&q=tide%20AND%20water`,
          `/search?lang=${lang}&mode=prob&context=the&text=%20tide&text=x`,
          `/document?lang=${lang}&${new URLSearchParams({ id: hostile.id })}`,
          await traceAddress(base, `${hostile.text}${passage}${shared}`, { lang, max: 'inf', span: '1' }),
        ];
        for (const path of pages) {
          await visit(path);
          await see(page.locator('h1').first());
          await page.waitForTimeout(300);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), path);
        }
      });
    }
  }

  test('on a phone the documents of a span open from below', async () => {
    await page.setViewportSize(sizes.phone);
    await traceAndChoose(`${passage}。`, passage);
    await see(page.getByRole('dialog'));
    assert.ok((await page.getByRole('dialog').innerText()).includes(onsen.license));
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });
});

describe('A hostile document', () => {
  const check = async () => {
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => window.hostile), undefined, 'nothing of it ran');
    assert.equal(await page.locator('main img, main b, main script').count(), 0, 'nothing of it became markup');
    assert.equal(await page.locator('a[href^="javascript:" i]').count(), 0);
    const text = await page.locator('body').innerText();
    assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u0007\u001b]/, 'no control reaches the page');
    assert.match(text, /U\+202E/);
  };

  test('is only text when traced', async () => {
    await traceAndChoose(hostile.text, 'hostile paragraph');
    await check();
    assert.ok((await panel().innerText()).includes('<script>window.hostile=3</script>'));
    assert.equal(await panel().getByRole('link', { name: 'Original' }).count(), 0);
  });

  test('is only text in search, in the viewer and in the corpus', async () => {
    await visit('/search?lang=en&q=hostile%20paragraph');
    await see(page.getByTestId('occurrences'));
    await check();
    await page.getByRole('link', { name: 'Open at the match' }).first().click();
    await see(page.getByTestId('match'));
    assert.equal(await page.getByTestId('match').innerText(), 'hostile paragraph');
    await check();
    await visit('/corpus?lang=en');
    await see(page.getByTestId('sources'));
    assert.ok((await page.getByTestId('sources').innerText()).includes('<b>bold</b> source'));
    assert.equal(await page.evaluate(() => window.hostile), undefined);
  });

  test('the policy of the server forbids scripts in the page', async () => {
    const response = await page.goto(`${base}/`);
    assert.match(response.headers()['content-security-policy'] ?? '', /default-src 'self'/);
    const refused = new Promise((resolve) => page.once('console', (message) => resolve(message.text())));
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.hostile = 9';
      document.body.append(script);
    });
    assert.match(await refused, /Content Security Policy/);
    assert.equal(await page.evaluate(() => window.hostile), undefined);
    complaints.length = 0;
  });
});

describe('Search', () => {
  test('/ goes to the search field; a search finds, and its document opens at the match', async () => {
    await visit('/corpus?lang=en');
    await see(page.getByTestId('totals'));
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.hasAttribute('data-search-field'));
    await page.keyboard.type('chart datum');
    await page.keyboard.press('Enter');
    await see(page.getByTestId('occurrences'));
    assert.match(await page.getByTestId('occurrences').innerText(), /^1 occurrence/);
    assert.equal((await parameters()).q, 'chart datum');
    await page.getByRole('link', { name: 'Open at the match' }).click();
    await see(page.getByTestId('match'));
    assert.equal(await page.getByTestId('match').innerText(), 'chart datum');
    assert.ok((await page.getByTestId('document-facts').innerText()).includes(tides.license));
    const box = await page.getByTestId('match').boundingBox();
    assert.ok(box && box.y >= 0 && box.y < sizes.desktop.height, 'the match is in view');
  });

  test('a document whose id holds / ? # and % opens', async () => {
    await visit(`/search?lang=ja&${new URLSearchParams({ q: '逐語一致は出典の証明ではない' })}`);
    await page.getByRole('link', { name: '一致箇所で開く' }).click();
    await see(page.getByTestId('match'));
    assert.equal(await page.getByTestId('match').innerText(), '逐語一致は出典の証明ではない');
    assert.ok((await page.getByTestId('document-facts').innerText()).includes(kikai.id));
    await page.reload();
    await see(page.getByTestId('match'));
  });

  test('occurrences are listed page by page until none is left', async () => {
    const total = corpus.reduce((sum, { text }) => sum + text.split('the').length - 1, 0);
    assert.ok(total > 20);
    await visit('/search?lang=en&q=the');
    await see(page.getByTestId('occurrences'));
    assert.match(await page.getByTestId('occurrences').innerText(), new RegExp(`^${total} occurrences`));
    for (;;) {
      const more = page.getByRole('button', { name: 'More' });
      if ((await more.count()) === 0) break;
      const before = await page.locator('article').count();
      await more.click();
      await page.waitForFunction((count) => document.querySelectorAll('article').length > count, before);
    }
    assert.equal(await page.locator('article').count(), total);
  });

  test('documents that a question is about are found, and open at their passage', async () => {
    await visit(`/search?lang=en&mode=documents&${new URLSearchParams({ q: 'What is the chart datum of the tide?' })}`);
    await see(page.getByTestId('passages'));
    assert.ok((await page.getByTestId('passages').innerText()).includes('not word for word'));
    assert.ok((await page.locator('article').count()) >= 1);
    assert.ok((await page.locator('article').first().innerText()).includes(tides.license));
    await page.locator('article').first().getByRole('link', { name: 'Open at the passage' }).click();
    await see(page.getByTestId('document-facts'));
    assert.equal((await parameters()).id, tides.id);
    await visit('/search?lang=ja&mode=documents');
    assert.ok((await page.locator('main').innerText()).includes('質問'));
  });

  test('phrases are counted where they stand together; what is not understood is said', async () => {
    await visit('/search?lang=en&mode=phrases');
    await page.locator('[data-search-field]').fill('tide AND water');
    await page.keyboard.press('Enter');
    await see(page.getByTestId('phrase-matches'));
    const both = corpus.filter(({ text }) => text.includes('tide') && text.includes('water'));
    assert.ok(both.length >= 2);
    assert.match(await page.getByTestId('phrase-count').innerText(), new RegExp(`^${both.length} documents · exact`));
    assert.equal(await page.locator('article').count(), both.length);
    assert.equal((await parameters()).q, 'tide AND water');
    await page.locator('[data-search-field]').fill('tide AND ');
    await page.keyboard.press('Enter');
    await see(page.getByRole('alert').getByText(/byte \d+/));
    await visit('/search?lang=ja&mode=phrases');
    assert.ok((await page.locator('main').innerText()).includes('いっしょに現れる箇所と回数'));
  });

  test('counts are exact, several at once', async () => {
    const texts = ['the', '図書館', 'no such text'];
    await visit(`/search?lang=en&mode=count&${new URLSearchParams(texts.map((text) => ['text', text]))}`);
    await see(page.getByTestId('counts'));
    const rows = await page.getByTestId('counts').locator('tbody tr').allInnerTexts();
    texts.forEach((text, index) => {
      const count = corpus.reduce((sum, document) => sum + document.text.split(text).length - 1, 0);
      assert.equal(rows[index].replace(/\s+/g, ' ').trim(), `${text} ${count}`);
    });
  });

  test('what follows is listed, the end of a document by name, and can be walked', async () => {
    await visit(`/search?lang=en&mode=next&${new URLSearchParams({ context: '言い当てるという' })}`);
    await see(page.getByTestId('symbols'));
    await page.getByTestId('symbols').getByRole('button', { name: /。/ }).click();
    await page.waitForFunction(() => new URLSearchParams(location.hash.split('?')[1]).get('context') === '言い当てるという。');
    await page.getByTestId('symbols').getByRole('button', { name: /line end/ }).click();
    await see(page.getByTestId('symbols').getByText('end of document'));
  });

  test('probabilities come with their counts and interval', async () => {
    await visit(`/search?lang=en&mode=prob&${new URLSearchParams([['context', '借りた本は読み終えたら返す、という'], ['text', '一行'], ['text', '決まり'], ['text', 'x']])}`);
    await see(page.getByTestId('probabilities'));
    const rows = await page.getByTestId('probabilities').locator('tbody tr').allInnerTexts();
    assert.match(rows[0], /一行\s+50%[\s\S]*–[\s\S]*1 \/ 2/);
    assert.match(rows[2], /x\s+0%[\s\S]*0 \/ 2/);
  });

  test('a text that does not occur, and a document that does not exist, are said plainly', async () => {
    await visit('/search?lang=en&q=no%20such%20text');
    await see(page.getByText('This text does not occur in the corpus.'));
    await visit('/document?lang=en&id=no-such-id');
    await see(page.getByText('No document of the corpus has this id.'));
  });

  test('a failing server is an error that can be tried again', async () => {
    await page.route('**/v1/search**', (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"error":{"message":"the disk is on fire","type":"server_error","param":null,"code":null}}' }));
    await visit('/search?lang=en&q=tide');
    await see(page.getByText('the disk is on fire'));
    await page.unroute('**/v1/search**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await see(page.getByTestId('occurrences'));
    complaints.length = 0;
  });
});

describe('Documents', () => {
  test('a document of 2 MB opens at its match and stays responsive', async () => {
    const line = `${'大きな文書の一行です。'.repeat(6)}\n`;
    const text = `${line.repeat(5000)}ここが一致箇所\n${line.repeat(5000)}`;
    const bytes = (part) => new TextEncoder().encode(part).length;
    assert.ok(bytes(text) > 1_900_000);
    const begin = bytes(line.repeat(5000));
    await page.route('**/v1/documents/**', (route) => route.fulfill({
      contentType: 'application/json',
      body: JSON.stringify({ documents: [{ number: 0, id: 'large', text, source: null, license: null, author: null, url: null, title: null, date: null, lang: 'ja', bytes: bytes(text), sha256: '0'.repeat(64) }] }),
    }));
    await visit(`/document?lang=en&id=large&begin=${begin}&end=${begin + bytes('ここが一致箇所')}`);
    await see(page.getByTestId('match'));
    assert.equal(await page.getByTestId('match').innerText(), 'ここが一致箇所');
    await page.waitForFunction(() => {
      const box = document.querySelector('[data-testid="match"]').getBoundingClientRect();
      return box.top >= 0 && box.bottom <= window.innerHeight;
    });
    const longest = await page.evaluate(async () => {
      let worst = 0;
      for (let step = 0; step < 10; step++) {
        const start = performance.now();
        window.scrollBy(0, 5000);
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        worst = Math.max(worst, performance.now() - start);
      }
      return worst;
    });
    assert.ok(longest < 2000, `a step of scrolling took ${longest} ms`);
  });
});

describe('Corpus', () => {
  test('totals, hash, charts and tables show the corpus, the unknown licence apart', async () => {
    await visit('/corpus?lang=en');
    await see(page.getByTestId('totals'));
    assert.match(await page.getByTestId('totals').innerText(), new RegExp(`Documents\\s+${corpus.length}\\b`));
    assert.match(await page.getByTestId('corpus-hash').innerText(), /^[0-9a-f]{64}$/);
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="chart"] canvas').length === 4);
    const drawn = await page.$$eval('[data-testid="chart"] canvas', (canvases) => canvases.map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let inked = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) inked++;
      return inked;
    }));
    for (const inked of drawn) assert.ok(inked > 500, 'something is drawn');
    const licenses = await page.getByTestId('licenses').innerText();
    assert.match(licenses, /1 document carries no licence/);
    for (const license of ['CC-BY-SA-4.0', 'CC0-1.0', 'not known']) assert.ok(licenses.includes(license), license);
    assert.ok((await page.getByTestId('sources').innerText()).includes('harbour-notes'));
    assert.match(await page.getByTestId('languages').innerText(), /en\s+5[\s\S]*ja\s+3/);
  });
});
