import { Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { RunMetrics } from '../../api/types';
import { along, linePath, rangeOf, ticks } from '../../components/plot';
import { formatCount, formatValue } from '../../text/format';
import classes from './models.module.css';

const width = 600;
const height = 260;

type Validated = RunMetrics & { validation_nats: number };
const errorOf = (line: RunMetrics) => line.validation_error ?? 0;

/** Losses over steps: each, their running mean, and the validation loss with its interval. */
export function LossCurve({ metrics }: { metrics: readonly RunMetrics[] }) {
  const { t, i18n } = useTranslation();
  const validated = useMemo(() => metrics.filter((line): line is Validated => line.validation_nats !== undefined), [metrics]);
  const nats = (value: number) => formatValue(Number(value.toPrecision(4)), i18n.language);
  const last = metrics.at(-1);
  if (!last) return <section className="sheet"><Title order={2}>{t('models.curve')}</Title><Text c="dimmed">{t('models.noMetrics')}</Text></section>;

  const losses = rangeOf([...metrics.map((line) => line.loss_nats),
    ...validated.flatMap((line) => [line.validation_nats - errorOf(line), line.validation_nats + errorOf(line)])]);
  const steps = rangeOf(metrics.map((line) => line.step));
  const x = (step: number) => along(step, steps);
  const y = (loss: number) => 0.04 + 0.92 * (1 - along(loss, losses));
  const line = (value: (metric: RunMetrics) => number) => linePath(metrics.map((metric) => ({ x: x(metric.step), y: y(value(metric)) })), width, height);
  const upright = (step: number, from: number, to: number) => linePath([{ x: x(step), y: y(from) }, { x: x(step), y: y(to) }], width, height);
  const down = ticks(losses, 4);
  const measured = validated.at(-1);
  const label = [
    t('models.chart', { step: formatCount(last.step, i18n.language), loss: nats(last.running_mean_nats) }),
    ...(measured ? [t('models.chartValidation', { loss: nats(measured.validation_nats), error: nats(errorOf(measured)) })] : []),
  ].join(' ');
  return (
    <section className="sheet" aria-labelledby="loss-curve" data-testid="loss-curve">
      <Title order={2} id="loss-curve">{t('models.curve')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('models.curveLead')}</Text>
      <div className={classes.curve}>
        <div className={classes.down} aria-hidden="true">{down.map((tick) => <span key={tick} style={{ top: `${100 * y(tick)}%` }}>{nats(tick)}</span>)}</div>
        <svg className={classes.plot} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {down.map((tick) => <line key={tick} className={classes.rule} x1={0} x2={width} y1={height * y(tick)} y2={height * y(tick)} />)}
          <path className={classes.each} d={line((metric) => metric.loss_nats)} data-testid="curve-each" />
          <path className={classes.mean} d={line((metric) => metric.running_mean_nats)} data-testid="curve-mean" />
          {validated.map((metric) => (
            <g key={metric.step} data-testid="curve-validation">
              <path className={classes.interval} d={upright(metric.step, metric.validation_nats - errorOf(metric), metric.validation_nats + errorOf(metric))} />
              <path className={classes.point} d={upright(metric.step, metric.validation_nats, metric.validation_nats)} />
            </g>
          ))}
        </svg>
        <div className={classes.across} aria-hidden="true">{ticks(steps, 5).map((tick) => <span key={tick} style={{ left: `${100 * x(tick)}%` }}>{formatCount(tick, i18n.language)}</span>)}</div>
      </div>
      <Text size="xs" c="dimmed" ta="center">{t('models.axis')}</Text>
      <ul className={classes.legend}>
        <li><svg aria-hidden="true"><path className={classes.each} d="M0 9L7 4L14 10L22 5L30 8" /></svg>{t('models.training')}</li>
        <li><svg aria-hidden="true"><path className={classes.mean} d="M0 7H30" /></svg>{t('models.mean')}</li>
        {measured && <li><svg aria-hidden="true"><path className={classes.interval} d="M15 0V14" /><path className={classes.point} d="M15 7V7" /></svg>{t('models.validation')}</li>}
      </ul>
      {validated.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('models.validations')}>
          <table className="table-plain" data-testid="validations">
            <caption style={{ textAlign: 'left', padding: '12px 0 4px' }}>{t('models.validations')}</caption>
            <thead><tr>
              <th scope="col" className="numeric">{t('models.step')}</th><th scope="col" className="numeric">{t('models.tokensSoFar')}</th>
              <th scope="col" className="numeric">{t('models.mean')}</th><th scope="col" className="numeric">{t('models.validation')}</th>
            </tr></thead>
            <tbody>{validated.map((metric) => (
              <tr key={metric.step}>
                <td className="numeric">{formatCount(metric.step, i18n.language)}</td><td className="numeric">{formatCount(metric.tokens, i18n.language)}</td>
                <td className="numeric">{nats(metric.running_mean_nats)}</td><td className="numeric">{nats(metric.validation_nats)} ± {nats(errorOf(metric))}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
