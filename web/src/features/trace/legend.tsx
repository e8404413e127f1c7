import { useTranslation } from 'react-i18next';
import type { Trace } from '../../api/types';
import { levels } from '../../app/shades';
import { formatBytes, formatCount, formatSmall } from '../../text/format';
import { underLines } from './lines';
import classes from './trace.module.css';

/** The scale of the shades, what it measures, and the corpus that the text was compared with. */
export function Legend({ showsAll, index }: { showsAll: boolean; index: Trace['index'] }) {
  const { t, i18n } = useTranslation();
  return (
    <section className={classes.legend} aria-label={t('legend.title')} data-testid="legend">
      <ul>
        <li className={classes.legendTitle}>{t('legend.scale')}</li>
        {levels.map(({ atMost }, level) => (level === 0 && !showsAll ? null : (
          <li key={level}>
            <span className={`${classes.sample} ${classes[`level${level}`]}`} style={underLines([{ level, lane: 0, selected: false }])} />
            {atMost === Infinity ? t('legend.above') : t('legend.atMost', { value: formatSmall(atMost, i18n.language) })}
          </li>
        )))}
        <li><span className={`${classes.sample} ${classes.samplePlain}`} />{t('legend.plain')}</li>
      </ul>
      <details>
        <summary>{t('legend.title')}</summary>
        <p>{t('legend.lead')}</p>
        <p>
          {t('legend.corpus', {
            documents: formatCount(index.documents, i18n.language), bytes: formatBytes(index.bytes, i18n.language), hash: index.corpus_sha256.slice(0, 16),
          })}
        </p>
      </details>
    </section>
  );
}
