/** All state of a page is in the address, after the `#`: it never reaches a server, its logs or its paths. */
export type Changes = Record<string, string | string[] | null>;

/** `current` with some parameters set, repeated (an array) or removed (null, empty). */
export function changed(current: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(current);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== '') next.append(name, item);
    }
  }
  return next;
}

/** Address of another page; of the present parameters only the language goes along. */
export function address(path: string, current: URLSearchParams, parameters: Changes = {}): string {
  const query = changed(changed(new URLSearchParams(), { lang: current.get('lang') }), parameters).toString();
  return query ? `${path}?${query}` : path;
}

/** A whole number of at least 0 from the address; null for anything else. */
export function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** What the server shows of a span at most. */
export const maxShownDocuments = 1000;

/** How many documents of a span the address asks for: 1 to the most there is; 10 for anything else. */
export function shownDocuments(text: string | null): number {
  return Math.min(maxShownDocuments, Math.max(1, wholeNumber(text) ?? 10));
}

/** The threshold from the address: a number of at least 0, or `inf`; 1 for anything else. */
export function maxChance(text: string | null): number | 'inf' {
  if (text === 'inf') return 'inf';
  if (text === null || text.trim() === '') return 1;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : 1;
}

/** A number from the address; null for anything else. */
export function finiteNumber(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
