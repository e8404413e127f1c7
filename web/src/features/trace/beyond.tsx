import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { NearCopy, Related } from '../../api/types';
import { OccurrenceCard } from '../../components/occurrence';
import { PassageCard } from '../../components/passage';
import { Empty } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { formatCount, formatShare, formatSmall, shortened } from '../../text/format';

/** Passages that stand in a document but for small edits. */
export function NearCopies({ copies }: { copies: readonly NearCopy[] }) {
  const { t, i18n } = useTranslation();
  return (
    <section className="sheet" aria-label={t('trace.near')} data-testid="near">
      <Title order={2} mb={2}>{t('trace.near')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('trace.nearLead')}</Text>
      {copies.length === 0 ? <Empty>{t('trace.noNear')}</Empty>
        : copies.map((copy, index) => (
          <div key={index}>
            <blockquote className="foreign" style={{ margin: 0 }}><VisibleText text={shortened(copy.text, 240, 80)} /></blockquote>
            <Text size="sm" mt={4}>
              {t('trace.nearSame', { share: formatShare(copy.identity, i18n.language), count: copy.edits, formatted: formatCount(copy.edits, i18n.language) })}
              {' · '}{t('trace.chanceValue', { value: formatSmall(copy.chance_per_10k, i18n.language) })}
            </Text>
            <OccurrenceCard occurrence={copy.document} />
          </div>
        ))}
    </section>
  );
}

/** Passages nearest in words to each sentence: never matches. */
export function RelatedPassages({ related }: { related: Related }) {
  const { t } = useTranslation();
  const sentences = related.sentences.filter((sentence) => sentence.passages.length > 0);
  return (
    <section className="sheet" aria-label={t('trace.related')} data-testid="related">
      <Title order={2} mb={2}>{t('trace.related')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('trace.relatedLead')}{related.truncated ? ` ${t('trace.relatedTruncated')}` : ''}</Text>
      {sentences.length === 0 ? <Empty>{t('trace.noRelated')}</Empty>
        : sentences.map((sentence, index) => (
          <div key={index}>
            <Text fw={700} mt="sm" className="foreign"><VisibleText text={shortened(sentence.text.trim(), 160, 40)} /></Text>
            {sentence.passages.map((passage, at) => <PassageCard key={at} hit={passage} />)}
          </div>
        ))}
    </section>
  );
}
