import { Button, Group, NumberInput, SegmentedControl, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { Decisions, DecisionStep } from '../../api/types';
import { finiteNumber, type Changes } from '../../app/url_state';
import { Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import { formatBounds, formatBytes, formatCount } from '../../text/format';
import classes from './decisions.module.css';
import { Histogram } from './histogram';
import type { BoundName } from './histogram_axis';

const settleMs = 150;

/** The bound that the address asks for; else the one that the step has. */
function boundOf(step: DecisionStep, asked: string | null): BoundName {
  if ((step.lower_bound === null) === (step.upper_bound === null)) return asked === 'max' ? 'max' : 'min';
  return step.lower_bound === null ? 'max' : 'min';
}

/** A step's histogram with a threshold that can be moved, and what would remain with it. */
export function WhatIfPanel({ decisions, step, parameters, change }: {
  decisions: Decisions; step: DecisionStep; parameters: URLSearchParams; change: (changes: Changes, replace?: boolean) => void;
}) {
  const { t, i18n } = useTranslation();
  const bound = boundOf(step, parameters.get('bound'));
  const own = bound === 'min' ? step.lower_bound : step.upper_bound;
  const inAddress = finiteNumber(parameters.get('threshold'));
  const [value, setValue] = useState(inAddress ?? own);
  const [settled] = useDebouncedValue(value, settleMs);
  const written = useRef(inAddress);

  // The address follows the threshold once it rests; the back button moves the threshold.
  useEffect(() => {
    const next = settled === own ? null : settled;
    if (settled !== value || next === written.current) return;
    written.current = next;
    change({ threshold: next === null ? null : String(next) }, true);
  });
  useEffect(() => {
    if (inAddress === written.current) return;
    written.current = inAddress;
    setValue(inAddress ?? own);
  }, [inAddress, own]);

  const moved = settled !== null && settled !== own;
  const answer = useQuery({
    queryKey: ['whatif', step.step, bound, settled],
    queryFn: ({ signal }) => api.whatIf(step.step, bound, settled ?? 0, signal),
    enabled: moved, placeholderData: keepPreviousData,
  });
  const count = (number: number) => formatCount(number, i18n.language);
  const bytes = (number: number) => formatBytes(number, i18n.language);
  const now = { documents: decisions.kept, bytes: decisions.kept_bytes };
  const none = { documents: 0, bytes: 0 };
  const shown = moved && answer.data ? answer.data
    : { kept_now: now, kept_then: now, gained: none, lost: none, undetermined: none, then: { min: step.lower_bound, max: step.upper_bound } };
  const rows = [
    ['decisions.keptNow', t('decisions.keptNow'), shown.kept_now], ['decisions.keptThen', t('decisions.keptThen'), shown.kept_then],
    ['decisions.gained', t('decisions.gained'), shown.gained], ['decisions.lost', t('decisions.lost'), shown.lost],
  ] as const;
  const bothOrNone = (step.lower_bound === null) === (step.upper_bound === null);
  const description = step.description?.[i18n.language === 'ja' ? 'ja' : 'en'];
  const unitKey = `decisions.unit.${step.unit.replaceAll(/[^a-z0-9]+/g, '_')}`;
  const unit = i18n.exists(unitKey) ? t(unitKey) : step.unit;
  return (
    <section className="sheet" aria-label={t('decisions.whatIf')} data-testid="what-if">
      <Title order={2} mb={2}><Foreign text={step.step} /></Title>
      <Text size="sm" c="dimmed" mb="sm">{description ? `${description} · ` : ''}{t('decisions.unitIs', { unit })}</Text>
      <Group gap="md" mb="xs" align="flex-end">
        {bothOrNone && (
          <SegmentedControl size="xs" value={bound} aria-label={t('decisions.whichBound')} data-testid="bound"
            data={[{ value: 'min', label: t('decisions.lower') }, { value: 'max', label: t('decisions.upper') }]}
            onChange={(next) => change({ bound: next, threshold: null })} />
        )}
        <NumberInput size="xs" w={170} label={t(bound === 'min' ? 'decisions.atLeast' : 'decisions.atMost')} value={value ?? ''} decimalScale={12} hideControls
          data-testid="threshold-value" onChange={(next) => { if (typeof next === 'number' && Number.isFinite(next)) setValue(next); }} />
        <Button size="xs" variant="default" disabled={value === own} onClick={() => setValue(own)}>
          {own === null ? t('decisions.withoutBound') : t('decisions.reset', { value: formatBounds(bound === 'min' ? own : null, bound === 'max' ? own : null, i18n.language) })}
        </Button>
      </Group>
      <Group gap="md" mb={6}>
        <span className={classes.key}><span className={classes.swatch} />{t('decisions.passes')}</span>
        <span className={classes.key}><span className={`${classes.swatch} ${classes.swatchDropped}`} />{t('decisions.drops')}</span>
        <span className={classes.key}><span className={`${classes.swatch} ${classes.swatchRefused}`} />{t('decisions.refuses')}</span>
      </Group>
      <Histogram step={step} bound={bound} own={own} value={value} move={setValue} />
      {moved && answer.isError ? <Problem error={answer.error} retry={() => void answer.refetch()} />
        : (
          <div role="status" aria-busy={settled !== value || (moved && answer.isFetching)} data-testid="what-if-answer" style={{ marginTop: 14 }}>
            <Text size="sm" c="dimmed">{t('decisions.wouldStay', { bounds: formatBounds(shown.then.min, shown.then.max, i18n.language) })}</Text>
            <p className={classes.big} data-testid="kept-then">{t('decisions.documents', { count: shown.kept_then.documents, formatted: count(shown.kept_then.documents) })} · {bytes(shown.kept_then.bytes)}</p>
            <div className="scroll-x">
              <table className="table-plain" data-testid="what-if-table">
                <thead><tr><th scope="col" aria-label={t('decisions.whatIf')} /><th scope="col" className="numeric">{t('corpus.documents')}</th><th scope="col" className="numeric">{t('corpus.size')}</th></tr></thead>
                <tbody>
                  {rows.map(([key, name, group]) => (
                    <tr key={key}><td>{name}</td><td className="numeric">{count(group.documents)}</td><td className="numeric">{bytes(group.bytes)}</td></tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Text size="sm" mt="xs" data-testid="undetermined">{t('decisions.undetermined', { formatted: count(shown.undetermined.documents) })}</Text>
            {shown.undetermined.documents > 0 && <Text size="sm" c="dimmed">{t('decisions.undeterminedWhy')}</Text>}
          </div>
        )}
    </section>
  );
}
