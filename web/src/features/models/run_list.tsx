import { Anchor, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { Run } from '../../api/types';
import { changed } from '../../app/url_state';
import { along, linePath, rangeOf, ticks } from '../../components/plot';
import { Foreign } from '../../components/visible_text';
import { formatCount, formatValue } from '../../text/format';
import classes from './models.module.css';

const width = 600;
const height = 220;
const numColours = 8;

const colour = (index: number) => `var(--yurai-category-${index % numColours})`;

/** Running means of the losses over the tokens read: runs with steps of different sizes stand side by side. */
function Curves({ runs, chosen }: { runs: readonly Run[]; chosen: number }) {
  const { t, i18n } = useTranslation();
  const lines = runs.flatMap(({ name, metrics }, index) => (metrics.length > 0 ? [{ name, metrics, index }] : []));
  if (lines.length === 0) return null;
  const all = lines.flatMap(({ metrics }) => metrics);
  const losses = rangeOf(all.map((line) => line.running_mean_nats));
  const tokens = rangeOf(all.map((line) => line.tokens));
  const y = (loss: number) => 0.04 + 0.92 * (1 - along(loss, losses));
  const down = ticks(losses, 4);
  const label = t('models.chartRuns', { names: lines.map(({ name }) => name).join(', ') });
  return (
    <>
      <div className={classes.curve}>
        <div className={classes.down} aria-hidden="true">{down.map((tick) => <span key={tick} style={{ top: `${100 * y(tick)}%` }}>{formatValue(tick, i18n.language)}</span>)}</div>
        <svg className={classes.plot} style={{ height }} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {down.map((tick) => <line key={tick} className={classes.rule} x1={0} x2={width} y1={height * y(tick)} y2={height * y(tick)} />)}
          {lines.map(({ metrics, index }) => (
            <path key={index} data-testid="curve-of-run" style={{ stroke: colour(index), strokeWidth: index === chosen ? 3 : 1.5 }}
              d={linePath(metrics.map((line) => ({ x: along(line.tokens, tokens), y: y(line.running_mean_nats) })), width, height)} />
          ))}
        </svg>
        <div className={classes.across} aria-hidden="true">{ticks(tokens, 4).map((tick) => <span key={tick} style={{ left: `${100 * along(tick, tokens)}%` }}>{formatCount(tick, i18n.language)}</span>)}</div>
      </div>
      <Text size="xs" c="dimmed" ta="center" mb="sm">{t('models.tokensSoFar')}</Text>
    </>
  );
}

/** The runs that the server shows, to choose one of, with their losses beside each other. */
export function RunList({ runs, chosen }: { runs: readonly Run[]; chosen: number }) {
  const { t, i18n } = useTranslation();
  const [parameters] = useSearchParams();
  const count = (value: number | undefined) => (value === undefined ? '–' : formatCount(value, i18n.language));
  const nats = (value: number | undefined) => (value === undefined ? '–' : formatValue(Number(value.toPrecision(4)), i18n.language));
  return (
    <section className="sheet" aria-labelledby="run-list" data-testid="run-list">
      <Title order={2} id="run-list">{t('models.runs')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('models.runsLead')}</Text>
      <Curves runs={runs} chosen={chosen} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-labelledby="run-list">
        <table className="table-plain">
          <thead><tr>
            <th scope="col">{t('models.run')}</th><th scope="col" className="numeric">{t('models.parameters')}</th>
            <th scope="col" className="numeric">{t('models.ledgerSteps')}</th><th scope="col" className="numeric">{t('models.tokensSoFar')}</th>
            <th scope="col" className="numeric">{t('models.mean')}</th><th scope="col" className="numeric">{t('models.validation')}</th>
          </tr></thead>
          <tbody>{runs.map(({ name, model, ledger, metrics }, index) => {
            const last = metrics.at(-1);
            const measured = metrics.findLast((line) => line.validation_nats !== undefined);
            return (
              <tr key={index}>
                <td>
                  <span className={classes.swatch} style={{ background: colour(index) }} aria-hidden="true" />
                  <Anchor component={Link} size="sm" className={index === chosen ? classes.chosen : undefined} to={`?${changed(parameters, { run: String(index + 1) })}`}
                    aria-current={index === chosen ? 'true' : undefined}><Foreign text={name} /></Anchor>
                </td>
                <td className="numeric">{count(model?.parameters.total)}</td>
                <td className="numeric">{count(ledger.steps)}</td><td className="numeric">{count(last?.tokens)}</td>
                <td className="numeric">{nats(last?.running_mean_nats)}</td>
                <td className="numeric">{measured ? `${nats(measured.validation_nats)} ± ${nats(measured.validation_error)}` : '–'}</td>
              </tr>
            );
          })}</tbody>
        </table>
      </div>
    </section>
  );
}
