import { Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PassageHit } from '../api/types';
import { shortened } from '../text/format';
import { License } from './license';
import { Fact } from './occurrence';
import { OutsideLink, PageLink } from './page_link';
import { Foreign, VisibleText } from './visible_text';

/** One document: its origin and the part that is nearest to the words. */
export function PassageCard({ hit }: { hit: PassageHit }) {
  const { t } = useTranslation();
  const lang = hit.lang ?? undefined;
  return (
    <article className="occurrence">
      <h3><Foreign text={shortened(hit.title ?? hit.id, 120, 0)} lang={lang} /></h3>
      <blockquote className="foreign" lang={lang}><VisibleText text={hit.passage} /></blockquote>
      <dl className="facts">
        <dt>{t('document.license')}</dt>
        <dd><License license={hit.license} /></dd>
        <Fact name={t('document.source')} value={hit.source} />
        <Fact name={t('document.author')} value={hit.author} />
        <Fact name={t('document.date')} value={hit.date} />
        <Fact name={t('document.id')} value={hit.id} />
      </dl>
      <Group gap="md" mt={8}>
        <PageLink path="/document" parameters={{ id: hit.id, begin: String(hit.byte_begin), end: String(hit.byte_end) }}>{t('document.openPassage')}</PageLink>
        <OutsideLink url={hit.url}>{t('document.original')}</OutsideLink>
      </Group>
    </article>
  );
}
