import { ActionIcon, Alert, Button, Group, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Trace } from '../../api/types';
import { maxShownDocuments } from '../../app/url_state';
import { Differs } from '../../components/differs';
import { DownIcon, UpIcon } from '../../components/icons';
import { OccurrenceCard } from '../../components/occurrence';
import { PageLink } from '../../components/page_link';
import { Empty } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { formatCount, formatSmall, shortened } from '../../text/format';
import classes from './trace.module.css';

/** The chosen span, how unlikely it is by chance, and the documents that hold it. */
export function SpanPanel({ trace, selected, onSelect, onMore }: {
  trace: Trace; selected: number | null; onSelect: (span: number) => void; onMore: () => void;
}) {
  const { t, i18n } = useTranslation();
  const span = selected === null ? undefined : trace.spans[selected];
  if (selected === null || !span) {
    return <Empty>{t('trace.pick')}<Text size="sm" mt={6} visibleFrom="md">{t('trace.pickKeys')}</Text></Empty>;
  }
  const count = (value: number) => formatCount(value, i18n.language);
  return (
    <div data-testid="span-panel">
      <Group justify="space-between" wrap="nowrap" mb={8}>
        <Title order={2} aria-live="polite">{t('trace.spanOf', { number: selected + 1, total: count(trace.spans.length) })}</Title>
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="default" aria-label={t('trace.previous')} title="k" disabled={selected === 0} onClick={() => onSelect(selected - 1)}><UpIcon size={16} /></ActionIcon>
          <ActionIcon variant="default" aria-label={t('trace.next')} title="j" disabled={selected + 1 >= trace.spans.length} onClick={() => onSelect(selected + 1)}><DownIcon size={16} /></ActionIcon>
        </Group>
      </Group>
      <p className={`foreign ${classes.quote}`}><mark className="match"><VisibleText text={shortened(span.text, 300, 100)} /></mark></p>
      {span.differs && <Differs kinds={span.differs} />}
      <dl className={classes.panelFacts}>
        <div><dt>{t('trace.count')}</dt><dd>{count(span.count)}</dd></div>
        <div><dt>{t('trace.documents')}</dt><dd>{count(span.documents_total)}</dd></div>
        <div className={classes.wide}>
          <dt>{t('trace.chance')}</dt>
          <dd data-testid="chance">{t('trace.chanceValue', { value: formatSmall(span.chance_per_10k, i18n.language) })}</dd>
        </div>
      </dl>
      <Text size="xs" c="dimmed" mb="sm">{t('trace.chanceHelp')}</Text>
      {span.credit_truncated && <Alert variant="outline" color="yellow" mb="sm">{t('trace.truncated')}</Alert>}
      {span.documents.map((occurrence, index) => <OccurrenceCard key={index} occurrence={occurrence} />)}
      <Group justify="space-between" mt="sm">
        <Text size="xs" c="dimmed">{t('trace.shown', { shown: count(span.documents.length), total: count(span.documents_total) })}</Text>
        <PageLink path="/search" parameters={{ q: span.text.length <= 2000 ? span.text : null }}>{t('trace.findAll')}</PageLink>
      </Group>
      {span.documents.length < Math.min(span.documents_total, maxShownDocuments) && <Button mt="sm" variant="default" size="xs" onClick={onMore}>{t('trace.more')}</Button>}
    </div>
  );
}
