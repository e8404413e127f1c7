import type { components } from './schema';

type Schemas = components['schemas'];
export type Trace = Schemas['Trace'];
export type TraceRequest = Schemas['TraceRequest'];
export type Span = Schemas['Span'];
export type Occurrence = Schemas['Occurrence'];
export type Credit = Schemas['Credit'];
export type Counts = Schemas['Counts'];
export type NextSymbols = Schemas['NextSymbols'];
export type Probabilities = Schemas['Probabilities'];
export type SearchResult = Schemas['SearchResult'];
export type DocumentSearchResult = Schemas['DocumentSearchResult'];
export type PassageHit = Schemas['PassageHit'];
export type CorpusDocument = Schemas['CorpusDocument'];
export type Documents = Schemas['Documents'];
export type CorpusSummary = Schemas['CorpusSummary'];
export type Models = Schemas['Models'];
