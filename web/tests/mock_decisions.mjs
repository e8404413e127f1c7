/**
 * The stand-in's decisions: the chain of fixture_chain.toml over fixture_corpus.jsonl and
 * fixture_rejected.jsonl, decided by naive code. A bar a value.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const lines = (name) => readFileSync(new URL(name, import.meta.url), 'utf8').trim().split('\n');
const encoder = new TextEncoder();
const size = (text) => encoder.encode(text).length;
const words = lines('fixture_words/ads.txt');

function hits(text) {
  const found = [];
  for (let at = 0; at < text.length;) {
    const word = words.find((candidate) => text.startsWith(candidate, at));
    if (word) found.push({ at, word });
    at += word ? word.length : 1;
  }
  return found;
}
const linked = (text) => [...text.matchAll(/https?:\/\/[^\s"<>)\]']*/g)].reduce((sum, [link]) => sum + size(link), 0);

const chain = [
  { step: 'not_empty', filter: 'not_empty', unit: 'yes', lower_bound: 1, upper_bound: null, whole: true, measure: (text) => ({ value: text.trim() ? 1 : 0 }) },
  {
    step: 'ads', filter: 'words', unit: 'hits', lower_bound: null, upper_bound: 1, whole: true,
    measure: (text) => { const places = hits(text); return { value: Math.min(2, places.length), at_least: places.length >= 2, places: places.slice(0, 2) }; },
  },
  { step: 'length', filter: 'length', unit: 'characters', lower_bound: 80, upper_bound: 600, whole: true, measure: (text) => ({ value: [...text].length }) },
  { step: 'links', filter: 'link_share', unit: 'share', lower_bound: null, upper_bound: 0.5, whole: false, measure: (text) => ({ value: linked(text) / size(text) }) },
];
const holds = (value, { min, max }) => (min === null || value >= min) && (max === null || value <= max);
const boundsOf = (step) => ({ min: step.lower_bound, max: step.upper_bound });

const rows = [...lines('fixture_corpus.jsonl'), ...lines('fixture_rejected.jsonl')].map((line) => {
  const document = JSON.parse(line);
  const found = [];
  let dropped = -1;
  for (const [index, step] of chain.entries()) {
    found.push(step.measure(document.text));
    if (!holds(found[index].value, boundsOf(step))) { dropped = index; break; }
  }
  return { document, found, dropped, bytes: size(document.text) };
});
const sum = (some) => ({ documents: some.length, bytes: some.reduce((total, row) => total + row.bytes, 0) });
const kept = rows.filter((row) => row.dropped < 0);

function stepJson(step, index) {
  const into = rows.filter((row) => row.dropped < 0 || row.dropped >= index);
  const gone = rows.filter((row) => row.dropped === index);
  const values = into.map((row) => row.found[index].value);
  const { measure, ...named } = step;
  return {
    ...named, ran: into.length, bytes: sum(into).bytes, dropped: gone.length, dropped_bytes: sum(gone).bytes, edited: 0, unmeasured: 0,
    above_zero: values.filter((value) => value > 0).length, sum: values.reduce((a, b) => a + b, 0), min: Math.min(...values), max: Math.max(...values),
    description: { en: `The stand-in's ${step.filter}`, ja: `代役の ${step.filter}` }, edits: false,
    in: sum(into), out: sum(into.filter((row) => row.dropped !== index)),
    undetermined: sum(rows.filter((row) => !row.found[index] || row.found[index].at_least)),
    histogram: [...new Set(values)].sort((a, b) => a - b).map((value) => {
      const here = into.filter((row) => row.found[index].value === value);
      return { from: value, to: step.whole ? value + 1 : value + (value > 0 ? 1e-3 : 0), ...sum(here), dropped: here.filter((row) => row.dropped === index).length };
    }),
  };
}

export function decisions() {
  const names = [...new Set(rows.map((row) => row.document.license ?? null))];
  const groups = names.map((name) => {
    const all = rows.filter((row) => (row.document.license ?? null) === name);
    const stay = sum(all.filter((row) => row.dropped < 0));
    return { name, ...sum(all), kept: stay.documents, kept_bytes: stay.bytes };
  }).sort((a, b) => b.bytes - a.bytes);
  return {
    chain: 'tests/fixture_chain.toml', ...sum(rows), kept: kept.length, kept_bytes: sum(kept).bytes, kept_bytes_after: sum(kept).bytes,
    rejected: 0, left_out: 0, steps: chain.map(stepJson),
    licenses: { names: groups.length, groups, other: { documents: 0, bytes: 0, kept: 0, kept_bytes: 0 } }, of_this_corpus: true,
  };
}

const indexOf = (query) => {
  const index = chain.findIndex((step) => step.step === query.get('filter'));
  if (index < 0) throw { status: 400, message: 'the chain has no such step' };
  return index;
};

export function decisionExamples(query) {
  const index = indexOf(query);
  const gone = rows.filter((row) => row.dropped === index);
  const from = Number(query.get('cursor') ?? 0);
  const to = from + Number(query.get('limit') ?? 20);
  const { lower_bound, upper_bound } = chain[index];
  return {
    filter: chain[index].step, dropped: gone.length, drawn: gone.length,
    documents: gone.slice(from, to).map(({ document, found, bytes }) => {
      const { value, at_least = false, places = [] } = found[index];
      const excerpts = places.map(({ at, word }) => ({ before: document.text.slice(Math.max(0, at - 40), at), match: word, after: document.text.slice(at + word.length, at + word.length + 40) }));
      return {
        id: document.id, sha256: createHash('sha256').update(document.text).digest('hex'), filter: chain[index].step, value, at_least, lower_bound, upper_bound, bytes,
        source: document.source ?? null, license: document.license ?? null, lang: document.lang ?? null, host: document.url ? new URL(document.url).host : null,
        excerpts: excerpts.length ? excerpts : document.text ? [{ before: '', match: '', after: document.text.slice(0, 120) }] : [],
        evidence: places.map(({ at, word }) => ({ byte_begin: size(document.text.slice(0, at)), byte_end: size(document.text.slice(0, at)) + size(word) })),
      };
    }),
    next_cursor: to < gone.length ? String(to) : null,
  };
}

export function whatIf(query) {
  const index = indexOf(query);
  const now = boundsOf(chain[index]);
  const given = (name) => (query.has(name) ? Number(query.get(name)) : now[name]);
  const then = { min: given('min'), max: given('max') };
  const verdict = (row) => {
    let known = true;
    for (const [at, step] of chain.entries()) {
      const found = row.found[at];
      const bounds = at === index ? then : boundsOf(step);
      if (!found) known = false;
      else if (found.at_least) {
        if (bounds.max !== null && found.value > bounds.max) return 'gone';
        known = false;
      } else if (!holds(found.value, bounds)) return 'gone';
    }
    return known ? 'kept' : 'unknown';
  };
  const judged = rows.map((row) => ({ ...row, then: verdict(row) }));
  const those = (test) => sum(judged.filter(test));
  return {
    step: chain[index].step, now, then, all: sum(rows), kept_now: sum(kept), kept_then: those((row) => row.then === 'kept'),
    gained: those((row) => row.then === 'kept' && row.dropped >= 0), lost: those((row) => row.then === 'gone' && row.dropped < 0),
    undetermined: those((row) => row.then === 'unknown'),
  };
}
