import { Button, Skeleton, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Foreign } from '../../components/visible_text';
import { formatBytes, formatCount, shortened } from '../../text/format';
import { visibleString } from '../../text/visible';
import type { Bar } from './chart_props';
import classes from './corpus.module.css';

const Chart = lazy(() => import('./chart'));

const numBars = 10;
const numRows = 10;

/** A chart and, beside it, the same as a table. */
export function ChartAndTable({ title, note, bars, vertical, head, rows, testId }: {
  title: string; note?: ReactNode; bars: Bar[]; vertical: boolean; head: ReactNode; rows: ReactNode[]; testId: string;
}) {
  const { t, i18n } = useTranslation();
  const [all, setAll] = useState(false);
  const height = vertical ? 240 : Math.max(70, bars.length * 32 + 8);
  return (
    <section className="sheet" aria-label={title} data-testid={testId}>
      <Title order={2} mb={note ? 2 : 12}>{title}</Title>
      {note}
      <div className={classes.pair}>
        <Suspense fallback={<Skeleton height={height} />}>
          <Chart bars={bars} vertical={vertical} label={t('corpus.chart', { title })} />
        </Suspense>
        <div className={all ? classes.all : undefined}>
          <table className="table-plain">
            <thead>{head}</thead>
            <tbody>{all ? rows : rows.slice(0, numRows)}</tbody>
          </table>
          {rows.length > numRows && (
            <Button mt="xs" size="xs" variant="default" onClick={() => setAll(!all)}>
              {all ? t('corpus.fewer') : t('corpus.all', { formatted: formatCount(rows.length, i18n.language) })}
            </Button>
          )}
        </div>
      </div>
    </section>
  );
}

interface Group {
  name: string | null;
  documents: number;
  bytes: number;
}

/** Sources, licences or languages by the size of their text; those without a name come last. */
export function Groups<T extends Group>({ title, groups, note, extra, testId }: {
  title: string; groups: readonly T[]; note?: ReactNode; extra?: (group: T) => ReactNode; testId: string;
}) {
  const { t, i18n } = useTranslation();
  const sorted = useMemo(
    () => [...groups].sort((a, b) => Number(a.name === null) - Number(b.name === null) || b.bytes - a.bytes), [groups]);
  const bars = useMemo(() => {
    const unknown = sorted.filter((group) => group.name === null);
    return [...sorted.filter((group) => group.name !== null).slice(0, numBars), ...unknown].map<Bar>((group) => ({
      name: group.name === null ? t('corpus.unknown') : shortened(visibleString(group.name), 40, 0),
      value: group.bytes,
      label: formatBytes(group.bytes, i18n.language),
      unknown: group.name === null,
    }));
  }, [sorted, t, i18n.language]);
  return (
    <ChartAndTable title={title} note={note} bars={bars} vertical={false} testId={testId}
      head={<tr><th scope="col">{t('corpus.name')}</th>{extra && <th scope="col" aria-label={t('corpus.spdx')} />}<th scope="col" className="numeric">{t('corpus.documents')}</th><th scope="col" className="numeric">{t('corpus.size')}</th></tr>}
      rows={sorted.map((group, index) => (
        <tr key={index}>
          <td>{group.name === null ? <Text span inherit c="dimmed">{t('corpus.unknown')}</Text> : <Foreign text={shortened(group.name, 120, 0)} />}</td>
          {extra && <td>{extra(group)}</td>}
          <td className="numeric">{formatCount(group.documents, i18n.language)}</td>
          <td className="numeric">{formatBytes(group.bytes, i18n.language)}</td>
        </tr>
      ))} />
  );
}
