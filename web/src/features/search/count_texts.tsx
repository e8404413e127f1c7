import { Button, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { PageLink } from '../../components/page_link';
import { Empty, Loading, Problem } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { formatCount } from '../../text/format';
import classes from './search.module.css';
import type { ModeProps } from './mode_props';

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** How often texts occur, side by side. */
export function CountTexts({ parameters, change }: ModeProps) {
  const { t, i18n } = useTranslation();
  const texts = parameters.getAll('text');
  const [draft, setDraft] = useState(texts.join('\n'));
  const counts = useQuery({
    queryKey: ['count', texts], queryFn: ({ signal }) => api.count(texts, signal), enabled: texts.length > 0,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ text: linesOf(draft) });
  };
  const largest = Math.max(1, ...(counts.data?.counts ?? []));
  return (
    <>
      <form className="sheet" onSubmit={submit}>
        <Textarea label={t('search.count.label')} placeholder={t('search.count.placeholder')} autosize minRows={3} maxRows={12} value={draft} data-search-field
          onChange={(event) => setDraft(event.currentTarget.value)} />
        <Button mt="md" type="submit" disabled={linesOf(draft).length === 0}>{t('search.run')}</Button>
      </form>
      {texts.length === 0 ? <Empty>{t('search.count.empty')}</Empty>
        : counts.isError ? <Problem error={counts.error} retry={() => void counts.refetch()} />
          : counts.isPending ? <Loading />
            : (
              <section className="sheet" style={{ marginTop: 20 }}>
                {counts.data.points === 'word' && <Text size="sm" c="dimmed" mb="xs">{t('search.points.word')}</Text>}
                <table className="table-plain" data-testid="counts">
                  <thead><tr><th scope="col">{t('search.count.text')}</th><th scope="col" aria-hidden="true" /><th scope="col" className="numeric">{t('search.count.count')}</th></tr></thead>
                  <tbody>
                    {texts.map((text, index) => {
                      const count = counts.data.counts[index] ?? 0;
                      return (
                        <tr key={index}>
                          <td className="foreign"><VisibleText text={text} /></td>
                          <td style={{ width: '40%', verticalAlign: 'middle' }} aria-hidden="true"><div className={classes.bar}>{count > 0 && <div className={classes.fill} style={{ width: `${(100 * count) / largest}%` }} />}</div></td>
                          <td className="numeric">{count > 0 ? <PageLink path="/search" parameters={{ q: text }}>{formatCount(count, i18n.language)}</PageLink> : 0}</td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </section>
            )}
    </>
  );
}
