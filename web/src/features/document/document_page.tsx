import { Button, Group, NativeSelect, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { api, ApiError } from '../../api/client';
import { changed, wholeNumber } from '../../app/url_state';
import { License } from '../../components/license';
import { Fact } from '../../components/occurrence';
import { OutsideLink } from '../../components/page_link';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import { formatBytes, formatCount, shortened } from '../../text/format';
import classes from './document.module.css';
import { DocumentText, locate, type Match } from './document_text';

export function DocumentPage() {
  const { t, i18n } = useTranslation();
  const [parameters, setParameters] = useSearchParams();
  const navigate = useNavigate();
  const cameFromHere = ((window.history.state as { idx?: number } | null)?.idx ?? 0) > 0;
  const id = parameters.get('id');
  const begin = wholeNumber(parameters.get('begin'));
  const end = wholeNumber(parameters.get('end'));
  const start = parameters.get('match') ?? '';
  const match = useMemo<Match | null>(
    () => (begin === null || end === null ? null : { byteBegin: begin, byteEnd: end, start }), [begin, end, start]);
  const found = useQuery({
    queryKey: ['documents', id], queryFn: ({ signal }) => api.documents(id ?? '', signal), enabled: id !== null,
  });

  if (id === null) return <div className="page"><Empty>{t('document.missing')}</Empty></div>;
  if (found.isPending) return <div className="page"><Loading /></div>;
  if (found.isError) {
    const absent = found.error instanceof ApiError && found.error.status === 404;
    return (
      <div className="page">
        {absent ? <Empty>{t('document.notFound')}</Empty> : <Problem error={found.error} retry={() => void found.refetch()} />}
      </div>
    );
  }
  const { documents } = found.data;
  const number = wholeNumber(parameters.get('number'));
  const document = documents.find((one) => one.number === number) ?? documents.find(({ text }) => locate(text, match)) ?? documents[0];
  if (!document) return <div className="page"><Empty>{t('document.notFound')}</Empty></div>;
  return (
    <div className="page">
      {cameFromHere && <Button variant="subtle" size="compact-sm" mb={6} ml={-8} onClick={() => void navigate(-1)}>← {t('document.back')}</Button>}
      <Group justify="space-between" align="flex-end" mb="lg" gap="sm">
        <Title order={1} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          <Foreign text={shortened(document.title ?? document.id, 200, 0)} lang={document.lang} />
        </Title>
        {documents.length > 1 && (
          <NativeSelect label={t('document.several', { count: documents.length })} value={String(document.number)}
            data={documents.map((one) => ({ value: String(one.number), label: t('document.number', { number: one.number }) }))}
            onChange={(event) => setParameters(changed(parameters, { number: event.currentTarget.value }))} />
        )}
      </Group>
      <div className={classes.layout}>
        <aside className={`sheet ${classes.facts}`}>
          <dl className="facts" data-testid="document-facts">
            <dt>{t('document.license')}</dt>
            <dd><License license={document.license} /></dd>
            <Fact name={t('document.source')} value={document.source} />
            <Fact name={t('document.author')} value={document.author} />
            <Fact name={t('document.date')} value={document.date} />
            <Fact name={t('document.language')} value={document.lang} />
            <dt>{t('document.size')}</dt>
            <dd title={formatCount(document.bytes, i18n.language)}>{formatBytes(document.bytes, i18n.language)}</dd>
            <Fact name={t('document.id')} value={document.id} />
            <Fact name={t('document.url')} value={document.url} />
            <dt>{t('document.hash')}</dt>
            <dd style={{ fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.78em' }}>{document.sha256}</dd>
          </dl>
          <Group mt="sm"><OutsideLink url={document.url}>{t('document.original')}</OutsideLink></Group>
        </aside>
        <section className="sheet">
          <DocumentText key={document.number} document={document} match={match} />
        </section>
      </div>
    </div>
  );
}
