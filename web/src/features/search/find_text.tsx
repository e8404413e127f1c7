import { Button, Group, Text, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { OccurrenceCard } from '../../components/occurrence';
import { Empty, Loading, Problem } from '../../components/states';
import { formatCount } from '../../text/format';
import type { ModeProps } from './mode_props';

const rows = 20;

/** Every place where a text stands, page by page. */
export function FindText({ parameters, change }: ModeProps) {
  const { t, i18n } = useTranslation();
  const q = parameters.get('q') ?? '';
  const [draft, setDraft] = useState(q);
  const found = useInfiniteQuery({
    queryKey: ['search', q],
    queryFn: ({ pageParam, signal }) => api.search(q, pageParam, rows, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    enabled: q !== '',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ q: draft });
  };
  const occurrences = found.data?.pages.flatMap((page) => page.documents) ?? [];
  const count = found.data?.pages[0]?.count ?? 0;
  const number = (value: number) => formatCount(value, i18n.language);
  return (
    <>
      <form className="sheet" onSubmit={submit} role="search">
        <Group align="flex-end" gap="sm" wrap="nowrap">
          <TextInput style={{ flex: 1 }} label={t('search.find.label')} placeholder={t('search.find.placeholder')} value={draft} data-search-field
            onChange={(event) => setDraft(event.currentTarget.value)} />
          <Button type="submit" disabled={draft === ''}>{t('search.run')}</Button>
        </Group>
      </form>
      {q === '' ? <Empty>{t('search.find.empty')}</Empty>
        : found.isError ? <Problem error={found.error} retry={() => void found.refetch()} />
          : found.isPending ? <Loading />
            : count === 0 ? <Empty>{t('search.find.none')}</Empty>
              : (
                <section className="sheet" style={{ marginTop: 20 }} data-testid="occurrences">
                  <Text fw={700} role="status">{t('search.find.count', { count, formatted: number(count) })}</Text>
                  {occurrences.map((occurrence, index) => <OccurrenceCard key={index} occurrence={occurrence} />)}
                  <Group mt="sm" justify="space-between">
                    <Text size="sm" c="dimmed">{t('search.find.shown', { shown: number(occurrences.length), total: number(count) })}</Text>
                    {found.hasNextPage && (
                      <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t('search.find.more')}</Button>
                    )}
                  </Group>
                </section>
              )}
    </>
  );
}
