import { Badge, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Decisions, DecisionStep } from '../../api/types';
import { Foreign } from '../../components/visible_text';
import { formatBounds, formatBytes, formatCount, formatShare } from '../../text/format';
import classes from './decisions.module.css';

/** What each step left, and what it took away, as bars of the whole. */
export function Funnel({ decisions, chosen, choose }: { decisions: Decisions; chosen: string; choose: (step: DecisionStep) => void }) {
  const { t, i18n } = useTranslation();
  const count = (value: number) => formatCount(value, i18n.language);
  const bytes = (value: number) => formatBytes(value, i18n.language);
  const percent = (part: number) => (decisions.documents === 0 ? 0 : (100 * part) / decisions.documents);
  return (
    <section className="sheet" aria-label={t('decisions.funnel')} data-testid="funnel">
      <Title order={2} mb={2}>{t('decisions.funnel')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('decisions.funnelLead')}</Text>
      <div className="scroll-x">
        <table className={`table-plain ${classes.funnel}`}>
          <thead>
            <tr>
              <th scope="col">{t('decisions.step')}</th><th scope="col" className="numeric">{t('decisions.bounds')}</th><th scope="col" aria-hidden="true" />
              <th scope="col" className="numeric">{t('decisions.removed')}</th><th scope="col" className="numeric">{t('decisions.removedBytes')}</th>
              <th scope="col" className="numeric">{t('decisions.left')}</th><th scope="col" className="numeric">{t('decisions.leftBytes')}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>{t('decisions.read')}</td><td /><td aria-hidden="true"><div className={classes.bar}><div className={classes.left} style={{ width: decisions.documents > 0 ? '100%' : 0 }} /></div></td>
              <td /><td /><td className="numeric">{count(decisions.documents)}</td><td className="numeric">{bytes(decisions.bytes)}</td>
            </tr>
            {[{ text: t('decisions.noDocument'), records: decisions.left_out }, { text: t('decisions.unreadable'), records: decisions.rejected }]
              .filter(({ records }) => records > 0)
              .map(({ text, records }) => (
                <tr key={text} data-testid="funnel-unread">
                  <td>{text}</td><td /><td aria-hidden="true" /><td className="numeric">{count(records)}</td><td /><td /><td />
                </tr>
              ))}
            {decisions.steps.map((step) => (
              <tr key={step.step} className={step.step === chosen ? classes.chosen : undefined} data-step={step.step}>
                <td>
                  <button type="button" className={classes.stepName} aria-pressed={step.step === chosen} onClick={() => choose(step)}><Foreign text={step.step} /></button>
                  {step.edited > 0 && <Badge ml={8} size="xs" variant="outline" color="gray" tt="none">{t('decisions.edited', { formatted: count(step.edited) })}</Badge>}
                </td>
                <td className="numeric">{formatBounds(step.lower_bound, step.upper_bound, i18n.language)}</td>
                <td aria-hidden="true" style={{ width: '22%' }}>
                  <div className={classes.bar}>
                    <div className={classes.gone} style={{ width: `${percent(step.in.documents)}%` }} />
                    <div className={classes.left} style={{ width: `${percent(step.out.documents)}%` }} />
                  </div>
                </td>
                <td className="numeric">{step.dropped > 0 ? `−${count(step.dropped)}` : '0'}</td>
                <td className="numeric">{step.dropped > 0 ? `−${bytes(step.dropped_bytes)}` : '0 B'}</td>
                <td className="numeric">{count(step.out.documents)}</td>
                <td className="numeric">{bytes(step.out.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Text size="sm" mt="sm" data-testid="funnel-result">
        {t('decisions.result', {
          kept: count(decisions.kept), documents: count(decisions.documents),
          share: formatShare(decisions.bytes === 0 ? 0 : decisions.kept_bytes / decisions.bytes, i18n.language), after: bytes(decisions.kept_bytes_after),
        })}
        {decisions.rejected > 0 && ` ${t('decisions.rejected', { count: decisions.rejected, formatted: count(decisions.rejected) })}`}
      </Text>
    </section>
  );
}
