import { readEvents } from './events';
import type {
  CorpusSummary, Counts, DecisionExamples, Decisions, DocumentSearchResult, Documents, Models, NextSymbols, Probabilities,
  QueryAnswer, Run, SearchResult, Trace, TraceRequest, WhatIf,
} from './types';

/** What the server said went wrong, or that it could not be reached (`status` 0). */
export class ApiError extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
    this.name = 'ApiError';
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(error instanceof Error ? error.message : String(error), 0);
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  throw new ApiError(typeof message === 'string' ? message : `HTTP ${response.status}`, response.status);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, { signal })).json()) as T;
}

const withBody = (body: unknown, signal?: AbortSignal): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
  signal,
});

async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, withBody(body, signal))).json()) as T;
}

export const api = {
  trace: (request: TraceRequest, signal?: AbortSignal) => post<Trace>('/v1/trace', request, signal),
  count: (texts: string[], signal?: AbortSignal) => post<Counts>('/v1/count', { texts }, signal),
  next: (context: string, max_symbols: number, signal?: AbortSignal) =>
    post<NextSymbols>('/v1/next', { context, max_symbols }, signal),
  prob: (context: string, strings: string[], signal?: AbortSignal) =>
    post<Probabilities>('/v1/prob', { context, strings }, signal),
  search: (q: string, cursor: string | null, limit: number, signal?: AbortSignal) => {
    const query = new URLSearchParams({ q, limit: String(limit) });
    if (cursor !== null) query.set('cursor', cursor);
    return get<SearchResult>(`/v1/search?${query}`, signal);
  },
  searchDocuments: (q: string, limit: number, signal?: AbortSignal) =>
    get<DocumentSearchResult>(`/v1/search?${new URLSearchParams({ q, mode: 'bm25', limit: String(limit) })}`, signal),
  query: (query: string, limit: number, signal?: AbortSignal) => post<QueryAnswer>('/v1/query', { query, limit }, signal),
  documents: (id: string, signal?: AbortSignal) =>
    get<Documents>(`/v1/documents/${encodeURIComponent(id)}`, signal),
  corpus: (signal?: AbortSignal) => get<CorpusSummary>('/v1/corpus', signal),
  decisions: (signal?: AbortSignal) => get<Decisions>('/v1/decisions', signal),
  decisionExamples: (filter: string, cursor: string | null, limit: number, signal?: AbortSignal) => {
    const query = new URLSearchParams({ filter, limit: String(limit) });
    if (cursor !== null) query.set('cursor', cursor);
    return get<DecisionExamples>(`/v1/decisions/examples?${query}`, signal);
  },
  whatIf: (filter: string, bound: 'min' | 'max', value: number, signal?: AbortSignal) =>
    get<WhatIf>(`/v1/decisions/whatif?${new URLSearchParams({ filter, [bound]: String(value) })}`, signal),
  runs: (signal?: AbortSignal) => get<{ runs: Run[] }>('/v1/runs', signal),
  models: (signal?: AbortSignal) => get<Models>('/v1/models', signal),

  /** Asks a model; yields the pieces of its answer as they come. */
  async *ask(model: string, prompt: string, signal: AbortSignal): AsyncGenerator<string> {
    const request = { model, stream: true, max_tokens: 400, messages: [{ role: 'user', content: prompt }] };
    const response = await send('/v1/chat/completions', withBody(request, signal));
    if (!response.body) throw new ApiError('the answer has no body', response.status);
    for await (const data of readEvents(response.body)) {
      if (data === '[DONE]') return;
      const event = JSON.parse(data) as {
        error?: { message?: string };
        choices?: { delta?: { content?: string | null } }[];
      };
      if (event.error) throw new ApiError(event.error.message ?? 'the model failed', response.status);
      const piece = event.choices?.[0]?.delta?.content;
      if (piece) yield piece;
    }
  },
};
