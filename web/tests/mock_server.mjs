/**
 * A stand-in for `yurai serve` over tests/fixture_corpus.jsonl, for working on the page without a
 * built server: node tests/mock_server.mjs [PORT]. Naive scans; the answers have the API's form and
 * the headers of the server, and chance is a rough guess from the length.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decisionExamples, decisions, whatIf } from './mock_decisions.mjs';
import { exposuresOf, run } from './mock_run.mjs';

const web = fileURLToPath(new URL('..', import.meta.url));
const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text).length;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const corpus = readFileSync(join(web, 'tests/fixture_corpus.jsonl'), 'utf8')
  .trim().split('\n').map((line, number) => ({ number, ...JSON.parse(line) }));
const corpusHash = sha256(JSON.stringify(corpus));
const totalBytes = corpus.reduce((sum, d) => sum + bytes(d.text), 0);
const field = (document, name) => document[name] ?? null;

function occurrence(document, index, length) {
  const begin = bytes(document.text.slice(0, index));
  const match = document.text.slice(index, index + length);
  return {
    id: document.id, byte_begin: begin, byte_end: begin + bytes(match),
    before: [...document.text.slice(0, index)].slice(-40).join(''), match,
    after: [...document.text.slice(index + length)].slice(0, 40).join(''),
    ...Object.fromEntries(['title', 'source', 'license', 'author', 'url', 'date', 'lang'].map((n) => [n, field(document, n)])),
  };
}

const withExposures = (found) => ({ ...found, ...exposuresOf(found.byte_begin, found.byte_end) });

function findAll(text) {
  const found = [];
  if (!text) return found;
  for (const document of corpus) {
    for (let at = document.text.indexOf(text); at >= 0; at = document.text.indexOf(text, at + 1)) found.push({ document, at });
  }
  return found;
}
/** Documents by how many pairs of the query's characters they hold. */
function searchDocuments(query) {
  const q = query.get('q');
  const pairs = [...q].slice(1).map((c, i) => [...q][i] + c).filter((pair) => !pair.includes(' '));
  const hits = corpus
    .map((document) => ({ document, score: pairs.filter((pair) => document.text.includes(pair)).length }))
    .filter(({ score }) => score > 0).sort((a, b) => b.score - a.score).slice(0, Number(query.get('limit') ?? 20));
  const passage = ({ text }) => [...text].slice(0, 120).join('');
  return {
    query: q,
    documents: hits.map(({ document, score }) => ({
      score, overlap: score / pairs.length, id: document.id, byte_begin: 0, byte_end: bytes(passage(document)), passage: passage(document),
      ...Object.fromEntries(['title', 'source', 'license', 'author', 'url', 'date', 'lang'].map((n) => [n, field(document, n)])),
    })),
  };
}
const count = (text) => findAll(text).length;

/** Phrases joined by AND, within a document. */
function phraseQuery({ query, limit = 10 }) {
  const phrases = query.split(' AND ');
  if (phrases.some((phrase) => phrase.trim() === '')) throw { status: 400, message: `byte ${bytes(query)}: a phrase is missing` };
  const found = corpus.filter(({ text }) => phrases.every((phrase) => text.includes(phrase)));
  return {
    query: phrases.map((phrase) => `"${phrase}"`).join(' AND '), within: 'document', count: found.length, exact: true, interval: [found.length, found.length],
    documents: found.length, rarest: [phrases[0]], occurrences: count(phrases[0]), checked: count(phrases[0]), points: 'char',
    matches: found.slice(0, limit).map((d) => occurrence(d, d.text.indexOf(phrases[0]), phrases[0].length)),
  };
}

/** Sentences of documents of which the text has all but one or two characters, at the same places. */
function nearCopies(text) {
  const copies = [];
  for (const document of corpus) {
    for (const [sentence] of document.text.matchAll(/[^。.\n]{15,}/g)) {
      for (let at = 0; at + sentence.length <= text.length; at++) {
        const edits = [...sentence].filter((c, i) => text[at + i] !== c).length;
        if (edits < 1 || edits > 2) continue;
        const part = text.slice(at, at + sentence.length);
        copies.push({
          byte_begin: bytes(text.slice(0, at)), byte_end: bytes(text.slice(0, at)) + bytes(part), char_begin: at, char_end: at + part.length, text: part,
          identity: 1 - edits / sentence.length, edits, score: 9, chance_per_10k: 1e-3, document: occurrence(document, document.text.indexOf(sentence), sentence.length),
        });
      }
    }
  }
  return copies;
}

/** Folds as the server does, nearly: the folded text and where each of its characters stands. */
function folded(text) {
  const points = [...text].flatMap((c, at) => [...c.normalize('NFKC').toLowerCase()].filter((one) => !/[\s\p{P}\u200b]/u.test(one)).map((one) => ({ one, at })));
  return { text: points.map(({ one }) => one).join(''), at: points.map(({ at }) => at) };
}

function differences(a, b) {
  const kinds = [['case', (text) => text.toLowerCase()], ['width', (text) => text.normalize('NFKC')], ['whitespace', (text) => text.replace(/\s/gu, '')]];
  return kinds.filter(([, remove]) => {
    const others = kinds.map(([, one]) => one).filter((one) => one !== remove);
    const apply = (text) => others.reduce((now, one) => one(now), text);
    return apply(a) !== apply(b);
  }).map(([name]) => name);
}

/** Of each document the longest part, of 10 characters or more, that the text has when both are folded and not as it is. */
function foldedSpans(text, max_documents) {
  const points = [...text], all = folded(text), spans = [];
  for (const document of corpus) {
    const theirs = [...document.text], there = folded(document.text);
    let best = { from: 0, size: 9 };
    for (let from = 0; from < all.text.length; from++) {
      while (from + best.size < all.text.length && there.text.includes(all.text.slice(from, from + best.size + 1))) best = { from, size: best.size + 1 };
    }
    if (best.size < 10) continue;
    const place = ({ at }, first) => ({ begin: at[first], end: at[first + best.size - 1] + 1 });
    const here = place(all, best.from), found = place(there, there.text.indexOf(all.text.slice(best.from, best.from + best.size)));
    const part = points.slice(here.begin, here.end).join(''), match = theirs.slice(found.begin, found.end).join('');
    if (count(part)) continue;
    const differs = differences(part, match), before = points.slice(0, here.begin).join('');
    const shown = { ...occurrence(document, theirs.slice(0, found.begin).join('').length, match.length), char_begin: found.begin, char_end: found.end, differs };
    spans.push({
      byte_begin: bytes(before), byte_end: bytes(before) + bytes(part), char_begin: here.begin, char_end: here.end, text: part, differs, count: 1,
      score: bytes(part) * 0.35, chance_per_10k: 1e-6, documents_total: 1, credit_truncated: false,
      documents: [shown].slice(0, max_documents), all: [{ document }],
    });
  }
  return spans;
}

function related(text) {
  const { documents } = searchDocuments(new URLSearchParams({ q: text, limit: '3' }));
  return { sentences: [{ byte_begin: 0, byte_end: bytes(text), char_begin: 0, char_end: [...text].length, text, passages: documents }], truncated: false };
}

function trace({ text, max_chance = 1, min_bytes = 0, max_documents = 10, fold = false, near = false, related: withRelated = false }) {
  const points = [...text];
  const limit = max_chance === 'inf' ? Infinity : max_chance;
  const spans = [];
  let reach = 0;
  for (let begin = 0; begin < points.length; begin++) {
    let end = Math.max(begin, reach);
    if (end > begin && !count(points.slice(begin, end).join(''))) continue;
    while (end < points.length && count(points.slice(begin, end + 1).join(''))) end++;
    if (end <= reach || end === begin) continue;
    reach = end;
    const match = points.slice(begin, end).join('');
    const score = bytes(match) * 0.35 - 1;
    const chance = 10_000 * Math.exp(-score * 0.8) * 20;
    if (chance > limit || bytes(match) < min_bytes || bytes(match) < 8) continue;
    const found = findAll(match);
    const documents = [...new Map(found.map((f) => [f.document.id, f])).values()];
    const byteBegin = bytes(points.slice(0, begin).join(''));
    spans.push({
      byte_begin: byteBegin, byte_end: byteBegin + bytes(match), char_begin: begin, char_end: end, text: match,
      count: found.length, score, chance_per_10k: chance, documents_total: documents.length, credit_truncated: false,
      documents: documents.slice(0, max_documents).map((f) => withExposures(occurrence(f.document, f.at, match.length))), all: documents,
    });
  }
  if (fold) spans.push(...foldedSpans(text, max_documents));
  spans.sort((a, b) => b.score - a.score);
  const owner = new Array(points.length).fill(null);
  for (const span of [...spans].sort((a, b) => b.score - a.score)) {
    for (let i = span.char_begin; i < span.char_end; i++) owner[i] ??= span;
  }
  const size = bytes(text);
  const credits = new Map();
  let uncovered = 0;
  points.forEach((point, i) => {
    const share = bytes(point) / size;
    if (!owner[i]) { uncovered += share; return; }
    for (const { document } of owner[i].all) {
      const key = JSON.stringify([field(document, 'source'), field(document, 'license')]);
      const credit = credits.get(key) ?? { share: 0, documents: new Set() };
      credit.share += share / owner[i].all.length;
      credit.documents.add(document.number);
      credits.set(key, credit);
    }
  });
  return {
    text, coverage: size ? 1 - uncovered : 0, uncovered_share: size ? uncovered : 1, points: 'char',
    spans: spans.map(({ all, ...span }) => span),
    credits: [...credits].map(([key, { share, documents }]) => {
      const [source, license] = JSON.parse(key);
      return { source, license, share, documents: documents.size };
    }).sort((a, b) => b.share - a.share),
    index: { corpus_sha256: corpusHash, documents: corpus.length, bytes: totalBytes },
    ...(near ? { near_copies: nearCopies(text) } : {}), ...(withRelated ? { related: related(text) } : {}),
  };
}

function next({ context, max_symbols = 20 }) {
  const counts = new Map();
  for (const document of corpus) {
    for (let at = document.text.indexOf(context); at >= 0; at = document.text.indexOf(context, at + 1)) {
      const point = document.text.codePointAt(at + context.length);
      const symbol = point === undefined ? '' : String.fromCodePoint(point);
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
  }
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  const symbols = [...counts].map(([text, n]) => ({ text, count: n, probability: n / total }))
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1)).slice(0, max_symbols);
  return { context, context_count: total, symbols };
}

function prob({ context, strings }) {
  const denominator = count(context);
  return {
    context, denominator, points: 'char',
    strings: strings.map((text) => {
      const numerator = count(context + text);
      const p = denominator ? numerator / denominator : null;
      const z = 1.96, n = denominator;
      const middle = n ? (p + (z * z) / (2 * n)) / (1 + (z * z) / n) : 0;
      const half = n ? (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n) : 0;
      return {
        text, numerator, denominator, probability: p,
        interval: n ? [Math.max(0, middle - half), Math.min(1, middle + half)] : null,
        baseline: count(text) / corpus.reduce((sum, d) => sum + [...d.text].length, 0),
      };
    }),
  };
}

function groups(name) {
  const found = new Map();
  for (const document of corpus) {
    const key = field(document, name);
    const group = found.get(key) ?? { name: key, documents: 0, bytes: 0 };
    group.documents++;
    group.bytes += bytes(document.text);
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}

function summary() {
  const histogram = new Map();
  for (const document of corpus) {
    const from = 2 ** Math.floor(Math.log2(bytes(document.text)));
    histogram.set(from, (histogram.get(from) ?? 0) + 1);
  }
  return {
    documents: corpus.length, bytes: totalBytes,
    characters: corpus.reduce((sum, d) => sum + [...d.text].length, 0), corpus_sha256: corpusHash,
    sources: groups('source'),
    licenses: groups('license').map((g) => ({ ...g, spdx: /^(CC|GPL)/.test(g.name ?? ''), license_ref: /^LicenseRef-/.test(g.name ?? '') ? g.name : null })),
    languages: groups('lang'), duplicate_ids: 0, missing_license: corpus.filter((d) => !d.license).length,
    size_histogram: [...histogram].sort((a, b) => a[0] - b[0]).map(([from, documents]) => ({ bytes_from: from, bytes_to: from * 2, documents })),
  };
}

function search(query) {
  const q = query.get('q') ?? '';
  const limit = Number(query.get('limit') ?? 20);
  const from = Number(query.get('cursor') ?? 0);
  const found = findAll(q);
  return {
    query: q, count: found.length,
    documents: found.slice(from, from + limit).map((f) => occurrence(f.document, f.at, q.length)),
    next_cursor: from + limit < found.length ? String(from + limit) : null,
  };
}

function documents(id) {
  const found = corpus.filter((d) => d.id === id);
  if (id === 'large') {
    const text = '大きな文書の一行です。'.repeat(20).concat('\n').repeat(3300);
    found.push({ number: 99, id, text, lang: 'ja', title: 'Large' });
  }
  if (!found.length) throw { status: 404, message: `no document has the id '${id}'` };
  return {
    documents: found.map((d) => ({
      number: d.number, id: d.id, text: d.text,
      ...Object.fromEntries(['source', 'license', 'author', 'url', 'title', 'date', 'lang'].map((n) => [n, field(d, n)])),
      bytes: bytes(d.text), sha256: sha256(d.text),
    })),
  };
}

async function chat(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const answer = corpus[0].text.slice(0, 60) + 'ここからは新しい文です。' + corpus[3].text.slice(0, 90);
  for (let at = 0; at < answer.length; at += 9) {
    response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: answer.slice(at, at + 9) } }] })}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  response.end('data: [DONE]\n\n');
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const server = createServer(async (request, response) => {
  const [path, query = ''] = request.url.split('?', 2);
  const json = (value, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  try {
    let body = '';
    for await (const chunk of request) body += chunk;
    const sent = body ? JSON.parse(body) : {};
    if (path === '/v1/trace') return json(trace(sent));
    if (path === '/v1/count') return json({ counts: sent.texts.map(count), points: 'char' });
    if (path === '/v1/next') return json(next(sent));
    if (path === '/v1/prob') return json(prob(sent));
    if (path === '/v1/query') return json(phraseQuery(sent));
    if (path === '/v1/search' && new URLSearchParams(query).get('mode') === 'bm25') return json(searchDocuments(new URLSearchParams(query)));
    if (path === '/v1/search') return json(search(new URLSearchParams(query)));
    if (path.startsWith('/v1/documents/')) return json(documents(decodeURIComponent(path.slice(14))));
    if (path === '/v1/corpus') return json(summary());
    if (path === '/v1/decisions') return json(decisions());
    if (path === '/v1/decisions/examples') return json(decisionExamples(new URLSearchParams(query)));
    if (path === '/v1/decisions/whatif') return json(whatIf(new URLSearchParams(query)));
    if (path === '/v1/runs') return json({ runs: [run(corpusHash, corpus.length)] });
    if (path === '/v1/models') return json({ object: 'list', data: ['yurai-ngram', 'step-240'].map((id) => ({ id, object: 'model', owned_by: 'yurai' })) });
    if (path === '/v1/chat/completions') return await chat(response);
    const file = normalize(path === '/' ? '/index.html' : path);
    const content = readFileSync(join(web, 'dist', file));
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy });
    response.end(content);
  } catch (error) {
    json({ error: { message: error.message ?? String(error), type: 'invalid_request_error', param: null, code: null } }, error.status ?? (error.code === 'ENOENT' ? 404 : 400));
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`mock: http://127.0.0.1:${server.address().port}`));
