import { Button, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { Empty, Loading, Problem } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { formatCount, formatShare, formatSmall } from '../../text/format';
import { linesOf } from './count_texts';
import classes from './search.module.css';
import type { ModeProps } from './mode_props';

/** How probable strings are after a context, counted, with the interval that the counts allow. */
export function Probability({ parameters, change }: ModeProps) {
  const { t, i18n } = useTranslation();
  const context = parameters.get('context') ?? '';
  const strings = parameters.getAll('text');
  const [draftContext, setDraftContext] = useState(context);
  const [draft, setDraft] = useState(strings.join('\n'));
  const ready = context !== '' && strings.length > 0;
  const prob = useQuery({
    queryKey: ['prob', context, strings], queryFn: ({ signal }) => api.prob(context, strings, signal), enabled: ready,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ context: draftContext, text: linesOf(draft) });
  };
  const share = (value: number) => formatShare(value, i18n.language);
  return (
    <>
      <form className="sheet" onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label={t('search.prob.label')} placeholder={t('search.next.placeholder')} value={draftContext} data-search-field
            onChange={(event) => setDraftContext(event.currentTarget.value)} />
          <Textarea label={t('search.prob.strings')} placeholder={t('search.prob.stringsPlaceholder')} autosize minRows={3} maxRows={12} value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)} />
        </Stack>
        <Button mt="md" type="submit" disabled={draftContext === '' || linesOf(draft).length === 0}>{t('search.run')}</Button>
      </form>
      {!ready ? <Empty>{t('search.prob.empty')}</Empty>
        : prob.isError ? <Problem error={prob.error} retry={() => void prob.refetch()} />
          : prob.isPending ? <Loading />
            : (
              <section className="sheet" style={{ marginTop: 20 }}>
                {prob.data.points === 'word' && <Text size="sm" c="dimmed" mb="xs">{t('search.points.word')}</Text>}
                {prob.data.denominator === 0 && <Text mb="sm" role="status">{t('search.prob.none')}</Text>}
                <div>
                  <table className={`table-plain ${classes.stacking}`} data-testid="probabilities">
                    <thead>
                      <tr>
                        <th scope="col">{t('search.prob.string')}</th><th scope="col" className="numeric">{t('search.prob.probability')}</th>
                        <th scope="col" aria-label={t('search.prob.chart')} /><th scope="col" className="numeric">{t('search.prob.interval')}</th>
                        <th scope="col" className="numeric">{t('search.prob.counts')}</th><th scope="col" className="numeric">{t('search.prob.baseline')}</th>
                      </tr>
                    </thead>
                    <tbody>
                      {prob.data.strings.map((row, index) => {
                        const [low, high] = row.interval ?? [];
                        const known = row.probability !== null && low !== undefined && high !== undefined;
                        return (
                          <tr key={index}>
                            <td className="foreign" style={{ minWidth: 90 }}><VisibleText text={row.text} /></td>
                            <td className="numeric" data-label={t('search.prob.probability')}><strong>{row.probability === null ? '–' : share(row.probability)}</strong></td>
                            <td className={classes.intervalCell} aria-hidden="true">
                              <div className={classes.interval}>
                                {known && <div className={classes.whisker} style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />}
                                {known && <div className={classes.point} style={{ left: `${100 * (row.probability ?? 0)}%` }} />}
                              </div>
                            </td>
                            <td className="numeric" data-label={t('search.prob.interval')}>{known ? `${share(low)} – ${share(high)}` : '–'}</td>
                            <td className="numeric" data-label={t('search.prob.counts')}>{formatCount(row.numerator, i18n.language)} / {formatCount(row.denominator, i18n.language)}</td>
                            <td className="numeric" data-label={t('search.prob.baseline')}>{row.baseline === null ? '–' : formatSmall(row.baseline, i18n.language)}</td>
                          </tr>
                        );
                      })}
                    </tbody>
                  </table>
                </div>
              </section>
            )}
    </>
  );
}
