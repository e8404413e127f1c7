import { Button, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Credit, Trace } from '../../api/types';
import { categories } from '../../app/shades';
import { License } from '../../components/license';
import { Foreign } from '../../components/visible_text';
import { formatCount, formatShare, shortened } from '../../text/format';
import { visibleString } from '../../text/visible';
import classes from './trace.module.css';

/** The bar merges what comes after these; the table folds it. */
const numShown = 12;
const numColours = categories.light.length;
const colour = (index: number): string => `var(--yurai-category-${index % numColours})`;

/** Whom the words are credited to: a bar of the whole text, and the same as a table. */
export function Credits({ trace }: { trace: Trace }) {
  const { t, i18n } = useTranslation();
  const [all, setAll] = useState(false);
  const rest = trace.credits.slice(numShown).reduce((sum, credit) => sum + credit.share, 0);
  const share = (value: number) => formatShare(value, i18n.language);
  const name = (credit: Credit) => visibleString(credit.source ?? t('document.unknown'));
  const described = [...trace.credits.slice(0, numShown).map((credit) => `${name(credit)} ${share(credit.share)}`),
    `${t('trace.uncovered')} ${share(trace.uncovered_share)}`].join(', ');
  return (
    <section aria-labelledby="credit-title">
      <Title order={2} id="credit-title">{t('credit.title')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('credit.lead')}</Text>
      <div className={classes.bar} role="img" aria-label={`${t('credit.bar')}: ${described}`} data-testid="credit-bar">
        {trace.credits.slice(0, numShown).map((credit, index) => (
          <div key={index} className={classes.share} style={{ flex: `${credit.share} 0 0`, background: colour(index) }} title={`${name(credit)} ${share(credit.share)}`}>
            {credit.share >= 0.05 ? index + 1 : null}
          </div>
        ))}
        {rest > 0 && (
          <div className={classes.share} style={{ flex: `${rest} 0 0`, background: 'var(--mantine-color-dimmed)' }} title={`${t('credit.rest')} ${share(rest)}`}>…</div>
        )}
        {trace.uncovered_share > 0 && (
          <div className={`${classes.share} ${classes.uncovered}`} style={{ flex: `${trace.uncovered_share} 0 0` }} title={`${t('trace.uncovered')} ${share(trace.uncovered_share)}`} />
        )}
      </div>
      <div className="scroll-x">
        <table className="table-plain" data-testid="credits" style={{ marginTop: 12 }}>
          <thead>
            <tr>
              <th scope="col" aria-label={t('credit.bar')} /><th scope="col">{t('credit.source')}</th><th scope="col">{t('credit.license')}</th>
              <th scope="col" className="numeric">{t('credit.share')}</th><th scope="col" className="numeric">{t('credit.documents')}</th>
            </tr>
          </thead>
          <tbody>
            {(all ? trace.credits : trace.credits.slice(0, numShown)).map((credit, index) => (
              <tr key={index}>
                <td><span className={classes.swatch} style={{ background: index < numShown ? colour(index) : 'var(--mantine-color-dimmed)' }}>{index + 1}</span></td>
                <td>{credit.source ? <Foreign text={shortened(credit.source, 80, 0)} /> : <Text span inherit c="dimmed">{t('document.unknown')}</Text>}</td>
                <td><License license={credit.license} /></td>
                <td className="numeric">{share(credit.share)}</td>
                <td className="numeric">{formatCount(credit.documents, i18n.language)}</td>
              </tr>
            ))}
            <tr>
              <td><span className={`${classes.swatch} ${classes.uncovered}`} /></td>
              <td colSpan={2}>{t('trace.uncovered')}</td>
              <td className="numeric">{share(trace.uncovered_share)}</td>
              <td />
            </tr>
          </tbody>
        </table>
      </div>
      {!all && trace.credits.length > numShown && (
        <Button mt="xs" size="xs" variant="default" onClick={() => setAll(true)}>
          {t('credit.all', { formatted: formatCount(trace.credits.length, i18n.language) })}
        </Button>
      )}
    </section>
  );
}
