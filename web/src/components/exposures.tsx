import { useTranslation } from 'react-i18next';
import type { Occurrence } from '../api/types';
import { formatCount, formatValue } from '../text/format';
import classes from './exposures.module.css';
import { along, linePath, rangeOf } from './plot';
import { readsOf, stepsInWords, type Read } from './reads';

const width = 300;
const height = 48;
/** The last part of the width is for what the passage costs now. */
const past = 0.86;

function Losses({ reads, now, label }: { reads: Read[]; now: number | null; label: string }) {
  const known = reads.filter((read): read is Read & { loss: number } => read.loss !== null);
  const steps = rangeOf(reads.map(({ step }) => step));
  const losses = rangeOf([...known.map(({ loss }) => loss), now]);
  const y = (loss: number) => 0.1 + 0.8 * (1 - along(loss, losses));
  const points = known.map(({ step, loss }) => ({ x: 0.02 + (past - 0.04) * along(step, steps), y: y(loss) }));
  const last = points.at(-1);
  const dot = ({ x, y: down }: { x: number; y: number }) => linePath([{ x, y: down }, { x, y: down }], width, height);
  return (
    <svg className={classes.plot} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label} data-testid="exposure-losses">
      <path className={classes.line} d={linePath(points, width, height)} />
      {points.map((point, index) => <path key={index} className={classes.read} d={dot(point)} />)}
      {now !== null && last && <path className={classes.toNow} d={linePath([last, { x: 0.97, y: y(now) }], width, height)} />}
      {now !== null && <path className={classes.now} d={dot({ x: 0.97, y: y(now) })} data-testid="loss-now" />}
    </svg>
  );
}

/** When a training run read a passage and what that cost: findings about the reading, not about causes. */
export function Exposures({ occurrence }: { occurrence: Occurrence }) {
  const { t, i18n } = useTranslation();
  const { seen, seen_total: total = 0, loss_first: first = null, loss_last: last = null, loss_now: now = null, held_out: heldOut, exact_bytes: exact } = occurrence;
  if (!seen) return null;
  const reads = readsOf(seen);
  const nats = (loss: number | null) => (loss === null ? '–' : formatValue(Number(loss.toPrecision(3)), i18n.language));
  const count = seen.length < total ? total : reads.length;
  const costs = [t('exposure.cost', { first: nats(first), last: nats(last) }), ...(now === null ? [] : [t('exposure.now', { now: nats(now) })])]
    .join(i18n.language === 'ja' ? '' : ' ');
  return (
    <section className={classes.exposures} aria-label={t('exposure.title')} data-testid="exposures">
      {reads.length === 0 ? <p>{t(heldOut ? 'exposure.heldOut' : exact === false ? 'exposure.notInLedger' : 'exposure.never')}</p> : (
        <>
          <p data-testid="exposure-steps">{t('exposure.read', { count, formatted: formatCount(count, i18n.language), steps: stepsInWords(reads, i18n.language, 12, seen.length < total) })}</p>
          {exact === false && <p className={classes.note}>{t('exposure.bounds')}</p>}
          {seen.length < total && <p className={classes.note}>{t('exposure.first', { formatted: formatCount(seen.length, i18n.language) })}</p>}
          {first !== null && (
            <>
              <Losses reads={reads} now={now} label={costs} />
              <p data-testid="exposure-costs">{costs}</p>
            </>
          )}
          <p className={classes.note}>{t('exposure.note')}</p>
        </>
      )}
    </section>
  );
}
