import { Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Occurrence } from '../api/types';
import type { Changes } from '../app/url_state';
import { shortened } from '../text/format';
import { Differs } from './differs';
import { Exposures } from './exposures';
import { License } from './license';
import { OutsideLink, PageLink } from './page_link';
import { Foreign, VisibleText } from './visible_text';

/** Where the document viewer finds an occurrence again. */
export function documentParameters(occurrence: Occurrence): Changes {
  return {
    id: occurrence.id,
    begin: String(occurrence.byte_begin),
    end: String(occurrence.byte_end),
    match: [...occurrence.match].slice(0, 60).join(''),
  };
}

/** One place in the corpus: the document's origin and the words around the match. */
export function OccurrenceCard({ occurrence }: { occurrence: Occurrence }) {
  const { t } = useTranslation();
  const lang = occurrence.lang ?? undefined;
  return (
    <article className="occurrence">
      <h3>
        <Foreign text={shortened(occurrence.title ?? occurrence.id, 120, 0)} lang={lang} />
      </h3>
      <blockquote className="foreign" lang={lang}>
        <VisibleText text={occurrence.before} />
        <mark className="match" title={t('document.match')}>
          <VisibleText text={shortened(occurrence.match, 240, 80)} />
        </mark>
        <VisibleText text={occurrence.after} />
      </blockquote>
      {occurrence.differs && <Differs kinds={occurrence.differs} />}
      <dl className="facts">
        <dt>{t('document.license')}</dt>
        <dd><License license={occurrence.license} /></dd>
        <Fact name={t('document.source')} value={occurrence.source} />
        <Fact name={t('document.author')} value={occurrence.author} />
        <Fact name={t('document.date')} value={occurrence.date} />
        <Fact name={t('document.id')} value={occurrence.id} />
      </dl>
      <Exposures occurrence={occurrence} />
      <Group gap="md" mt={8}>
        <PageLink path="/document" parameters={documentParameters(occurrence)}>{t('document.open')}</PageLink>
        <OutsideLink url={occurrence.url}>{t('document.original')}</OutsideLink>
      </Group>
    </article>
  );
}

/** One row of a list of facts; an unknown one says so. */
export function Fact({ name, value }: { name: string; value: string | null }) {
  const { t } = useTranslation();
  return (
    <>
      <dt>{name}</dt>
      <dd>{value ? <Foreign text={shortened(value, 200, 40)} /> : <span style={{ color: 'var(--mantine-color-dimmed)' }}>{t('document.unknown')}</span>}</dd>
    </>
  );
}
