import { Badge, Group, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { CorpusSummary } from '../../api/types';
import { Hash } from '../../components/hash';
import { WarningIcon } from '../../components/icons';
import { Empty, Loading, Problem } from '../../components/states';
import { formatBytes, formatCount, formatShare } from '../../text/format';
import classes from './corpus.module.css';
import { Decisions } from './decisions';
import type { Bar } from './chart_props';
import { ChartAndTable, Groups } from './groups';

function Totals({ corpus }: { corpus: CorpusSummary }) {
  const { t, i18n } = useTranslation();
  const licensed = corpus.documents === 0 ? 0 : 1 - corpus.missing_license / corpus.documents;
  return (
    <section className="sheet">
      <dl className={classes.totals} data-testid="totals">
        <div><dt>{t('corpus.documents')}</dt><dd>{formatCount(corpus.documents, i18n.language)}</dd></div>
        <div><dt>{t('corpus.bytes')}</dt><dd title={formatCount(corpus.bytes, i18n.language)}>{formatBytes(corpus.bytes, i18n.language)}</dd></div>
        <div><dt>{t('corpus.characters')}</dt><dd>{formatCount(corpus.characters, i18n.language)}</dd></div>
        <div><dt>{t('corpus.licensed')}</dt><dd>{formatShare(licensed, i18n.language)}</dd></div>
      </dl>
      <div className={classes.hash}>
        <Text size="sm" c="dimmed">{t('corpus.hash')}</Text>
        <Hash value={corpus.corpus_sha256} testId="corpus-hash" />
      </div>
      {corpus.duplicate_ids > 0 && <Text size="sm" mt="sm">{t('corpus.duplicates', { count: corpus.duplicate_ids, formatted: formatCount(corpus.duplicate_ids, i18n.language) })}</Text>}
    </section>
  );
}

function Sizes({ corpus }: { corpus: CorpusSummary }) {
  const { t, i18n } = useTranslation();
  const bars = useMemo(() => corpus.size_histogram.map<Bar>((bin) => ({
    name: formatBytes(bin.bytes_from, i18n.language), value: bin.documents, label: formatCount(bin.documents, i18n.language), unknown: false,
  })), [corpus, i18n.language]);
  return (
    <ChartAndTable title={t('corpus.sizes')} bars={bars} vertical testId="sizes"
      head={<tr><th scope="col">{t('corpus.range')}</th><th scope="col" className="numeric">{t('corpus.documents')}</th></tr>}
      rows={corpus.size_histogram.map((bin) => (
        <tr key={bin.bytes_from}>
          <td>{t('corpus.rangeValue', { from: formatBytes(bin.bytes_from, i18n.language), to: formatBytes(bin.bytes_to, i18n.language) })}</td>
          <td className="numeric">{formatCount(bin.documents, i18n.language)}</td>
        </tr>
      ))} />
  );
}

export function CorpusPage() {
  const { t, i18n } = useTranslation();
  const corpus = useQuery({ queryKey: ['corpus'], queryFn: ({ signal }) => api.corpus(signal), staleTime: Infinity });
  const missing = corpus.data?.missing_license ?? 0;
  return (
    <div className="page">
      <Title order={1}>{t('corpus.title')}</Title>
      <Text c="dimmed" mb="lg">{t('corpus.lead')}</Text>
      {corpus.isError ? <Problem error={corpus.error} retry={() => void corpus.refetch()} />
        : corpus.isPending ? <Loading />
          : corpus.data.documents === 0 ? <Empty>{t('corpus.empty')}</Empty>
            : (
              <div className={classes.stack}>
                <Totals corpus={corpus.data} />
                <Groups title={t('corpus.sources')} groups={corpus.data.sources} testId="sources" />
                <Groups title={t('corpus.licenses')} groups={corpus.data.licenses} testId="licenses"
                  note={
                    <Group gap={6} mb="sm" c={missing > 0 ? undefined : 'dimmed'}>
                      {missing > 0 && <WarningIcon size={15} />}
                      <Text size="sm">{missing > 0 ? t('corpus.missing', { count: missing, formatted: formatCount(missing, i18n.language) }) : t('corpus.noneMissing')}</Text>
                    </Group>
                  }
                  extra={(group) => (group.name === null ? null
                    : group.spdx ? <Badge size="sm" variant="light" tt="none" miw="max-content">{t('corpus.spdx')}</Badge>
                      : <Badge size="sm" variant="outline" color="gray" tt="none" miw="max-content" title={group.license_ref ?? undefined}>{t('corpus.asGiven')}</Badge>)} />
                <Groups title={t('corpus.languages')} groups={corpus.data.languages} testId="languages" />
                <Sizes corpus={corpus.data} />
                <Decisions />
              </div>
            )}
    </div>
  );
}
