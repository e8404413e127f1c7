import { Button, Group, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { QueryAnswer } from '../../api/types';
import { OccurrenceCard } from '../../components/occurrence';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import { formatCount } from '../../text/format';
import type { ModeProps } from './mode_props';

const rows = 20;

/** How often, exactly or as an estimate, and in how many documents. */
function Count({ answer }: { answer: QueryAnswer }) {
  const { t, i18n } = useTranslation();
  const number = (value: number) => formatCount(Math.round(value), i18n.language);
  const [low, high] = answer.interval;
  const inDocument = answer.within === 'document';
  const count = { count: Math.round(answer.count), formatted: number(answer.count) };
  return (
    <>
      <Text fw={700} role="status" data-testid="phrase-count">
        {inDocument ? t('search.phrases.documents', count) : t('search.phrases.matches', count)}
        {' · '}{answer.exact ? t('search.phrases.exact') : t('search.phrases.estimate', { low: number(low ?? 0), high: number(high ?? 0) })}
      </Text>
      <Text size="sm" c="dimmed">
        {t('search.phrases.understood')} <Foreign text={answer.query} />{inDocument ? '' : ` · ${t('search.phrases.within', { formatted: number(Number(answer.within)) })}`}
        {' · '}{t('search.phrases.checked', { checked: number(answer.checked), total: number(answer.occurrences) })}
      </Text>
    </>
  );
}

/** Where phrases stand together: AND, OR, NOT, within so many characters or a document. */
export function FindPhrases({ parameters, change }: ModeProps) {
  const { t } = useTranslation();
  const q = parameters.get('q') ?? '';
  const [draft, setDraft] = useState(q);
  const found = useQuery({ queryKey: ['query', q], queryFn: ({ signal }) => api.query(q, rows, signal), enabled: q !== '' });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ q: draft });
  };
  const examples = [t('search.phrases.example1'), t('search.phrases.example2'), t('search.phrases.example3')];
  return (
    <>
      <form className="sheet" onSubmit={submit} role="search">
        <Group align="flex-end" gap="sm" wrap="nowrap">
          <TextInput style={{ flex: 1 }} label={t('search.phrases.label')} description={t('search.phrases.grammar')} value={draft} data-search-field
            onChange={(event) => setDraft(event.currentTarget.value)} />
          <Button type="submit" disabled={draft === ''}>{t('search.run')}</Button>
        </Group>
        <Group gap={6} mt="sm">
          <Text size="sm" c="dimmed">{t('search.phrases.examples')}</Text>
          {examples.map((example) => <Button key={example} size="compact-sm" variant="default" onClick={() => change({ q: example })}>{example}</Button>)}
        </Group>
      </form>
      {q === '' ? <Empty>{t('search.phrases.empty')}</Empty>
        : found.isError ? <Problem error={found.error} retry={() => void found.refetch()} />
          : found.isPending ? <Loading />
            : (
              <section className="sheet" style={{ marginTop: 20 }} data-testid="phrase-matches">
                {found.data.points === 'word' && <Text size="sm" c="dimmed" mb="xs">{t('search.points.word')}</Text>}
                <Count answer={found.data} />
                {found.data.matches.length === 0 ? <Empty>{t('search.phrases.none')}</Empty>
                  : found.data.matches.map((match, index) => <OccurrenceCard key={index} occurrence={match} />)}
              </section>
            )}
    </>
  );
}
