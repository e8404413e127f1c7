import { Button, Group, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { PassageCard } from '../../components/passage';
import { Empty, Loading, Problem } from '../../components/states';
import type { ModeProps } from './mode_props';

const rows = 20;

/** Which documents words or a question are about, best first. */
export function FindDocuments({ parameters, change }: ModeProps) {
  const { t } = useTranslation();
  const q = parameters.get('q') ?? '';
  const [draft, setDraft] = useState(q);
  const found = useQuery({
    queryKey: ['searchDocuments', q], queryFn: ({ signal }) => api.searchDocuments(q, rows, signal), enabled: q !== '',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ q: draft });
  };
  return (
    <>
      <form className="sheet" onSubmit={submit} role="search">
        <Group align="flex-end" gap="sm" wrap="nowrap">
          <TextInput style={{ flex: 1 }} label={t('search.documents.label')} placeholder={t('search.documents.placeholder')} value={draft} data-search-field
            onChange={(event) => setDraft(event.currentTarget.value)} />
          <Button type="submit" disabled={draft === ''}>{t('search.run')}</Button>
        </Group>
      </form>
      {q === '' ? <Empty>{t('search.documents.empty')}</Empty>
        : found.isError ? <Problem error={found.error} retry={() => void found.refetch()} />
          : found.isPending ? <Loading />
            : found.data.documents.length === 0 ? <Empty>{t('search.documents.none')}</Empty>
              : (
                <section className="sheet" style={{ marginTop: 20 }} data-testid="passages">
                  <Text size="sm" c="dimmed" role="status">{t('search.documents.note')}</Text>
                  {found.data.documents.map((hit, index) => <PassageCard key={index} hit={hit} />)}
                </section>
              )}
    </>
  );
}
