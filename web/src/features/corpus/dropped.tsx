import { Button, Group, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { DecisionStep, DroppedDocument } from '../../api/types';
import { License } from '../../components/license';
import { Fact } from '../../components/occurrence';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign, VisibleText } from '../../components/visible_text';
import { formatBounds, formatBytes, formatCount, formatValue, shortened } from '../../text/format';

const rows = 5;

function DroppedCard({ dropped }: { dropped: DroppedDocument }) {
  const { t, i18n } = useTranslation();
  const lang = dropped.lang ?? undefined;
  const value = dropped.value === null ? '–' : (dropped.at_least ? '≥ ' : '') + formatValue(dropped.value, i18n.language);
  return (
    <article className="occurrence">
      <h3><Foreign text={shortened(dropped.id, 120, 0)} /></h3>
      {dropped.excerpts.length === 0 ? <Text size="sm" c="dimmed" mb="xs">{t('decisions.noExcerpt')}</Text>
        : dropped.excerpts.map((excerpt, index) => (
          <blockquote key={index} className="foreign" lang={lang}>
            <VisibleText text={excerpt.before} />
            {excerpt.match !== '' && <mark className="match" title={t('decisions.evidence')}><VisibleText text={excerpt.match} /></mark>}
            <VisibleText text={excerpt.after} />
          </blockquote>
        ))}
      <dl className="facts">
        <dt>{t('decisions.value')}</dt>
        <dd>{t('decisions.valueOf', { value, bounds: formatBounds(dropped.lower_bound, dropped.upper_bound, i18n.language) })}</dd>
        <dt>{t('document.license')}</dt>
        <dd><License license={dropped.license} /></dd>
        <Fact name={t('document.source')} value={dropped.source} />
        <Fact name={t('decisions.host')} value={dropped.host} />
        <dt>{t('document.size')}</dt>
        <dd>{formatBytes(dropped.bytes, i18n.language)}</dd>
      </dl>
    </article>
  );
}

/** Documents that a step dropped, with the words that decided marked. */
export function Dropped({ step }: { step: DecisionStep }) {
  const { t, i18n } = useTranslation();
  const found = useInfiniteQuery({
    queryKey: ['dropped', step.step],
    queryFn: ({ pageParam, signal }) => api.decisionExamples(step.step, pageParam, rows, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const documents = found.data?.pages.flatMap((page) => page.documents) ?? [];
  const number = (value: number) => formatCount(value, i18n.language);
  return (
    <section className="sheet" aria-label={t('decisions.dropped')} data-testid="dropped">
      <Title order={2} mb={2}>{t('decisions.dropped')}</Title>
      {found.isError ? <Problem error={found.error} retry={() => void found.refetch()} />
        : found.isPending ? <Loading />
          : documents.length === 0 ? <Empty>{t('decisions.noneDropped')}</Empty>
            : (
              <>
                <Text size="sm" c="dimmed">{t('decisions.droppedLead', { drawn: number(found.data.pages[0]?.drawn ?? 0), dropped: number(step.dropped) })}</Text>
                {documents.map((document, index) => <DroppedCard key={index} dropped={document} />)}
                <Group mt="sm" justify="space-between">
                  <Text size="sm" c="dimmed">{t('decisions.droppedShown', { shown: number(documents.length) })}</Text>
                  {found.hasNextPage && <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t('search.find.more')}</Button>}
                </Group>
              </>
            )}
    </section>
  );
}
