import { Button, Group, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { Empty, Loading, Problem } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { formatCount, formatShare } from '../../text/format';
import classes from './search.module.css';
import type { ModeProps } from './mode_props';

function Symbol({ text }: { text: string }) {
  const { t } = useTranslation();
  const names: Record<string, string> = {
    '': t('search.next.end'), ' ': t('search.next.space'), '\n': t('search.next.newline'), '\t': t('search.next.tab'),
  };
  const name = names[text];
  return name === undefined
    ? <span className={`foreign ${classes.glyph}`}><VisibleText text={text} /></span>
    : <span><span className={classes.special}>{name}</span></span>;
}

/** What follows a context, by count; choosing a symbol walks on. */
export function NextSymbols({ parameters, change }: ModeProps) {
  const { t, i18n } = useTranslation();
  const context = parameters.get('context') ?? '';
  const [draft, setDraft] = useState(context);
  const next = useQuery({
    queryKey: ['next', context], queryFn: ({ signal }) => api.next(context, 50, signal), enabled: context !== '', placeholderData: keepPreviousData,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ context: draft });
  };
  return (
    <>
      <form className="sheet" onSubmit={submit}>
        <Group align="flex-end" gap="sm" wrap="nowrap">
          <TextInput style={{ flex: 1 }} label={t('search.next.label')} placeholder={t('search.next.placeholder')} value={draft} data-search-field
            onChange={(event) => setDraft(event.currentTarget.value)} />
          <Button type="submit" disabled={draft === ''}>{t('search.run')}</Button>
        </Group>
      </form>
      {context === '' ? <Empty>{t('search.next.empty')}</Empty>
        : next.isError ? <Problem error={next.error} retry={() => void next.refetch()} />
          : next.isPending ? <Loading />
            : next.data.context_count === 0 ? <Empty>{t('search.next.none')}</Empty>
              : (
                <section className="sheet" style={{ marginTop: 20 }}>
                  <Group justify="space-between" gap="xs">
                    <Text fw={700} role="status">{t('search.next.count', { count: next.data.context_count, formatted: formatCount(next.data.context_count, i18n.language) })}</Text>
                    <Button size="xs" variant="default" onClick={() => change({ context: [...context].slice(0, -1).join('') })}>{t('search.next.back')}</Button>
                  </Group>
                  <Text size="sm" c="dimmed">{t('search.next.extend')}</Text>
                  <ul className={classes.symbols} data-testid="symbols">
                    {next.data.symbols.map((symbol, index) => (
                      <li key={index}>
                        <button type="button" className={classes.symbol} disabled={symbol.text === ''} onClick={() => change({ context: context + symbol.text })}>
                          <Symbol text={symbol.text} />
                          <span className={classes.bar} aria-hidden="true"><span className={classes.fill} style={{ width: `${100 * symbol.probability}%` }} /></span>
                          <span className="numeric">{formatCount(symbol.count, i18n.language)}</span>
                          <span className="numeric">{formatShare(symbol.probability, i18n.language)}</span>
                        </button>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
    </>
  );
}
