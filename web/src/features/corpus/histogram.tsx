import { Slider, Text } from '@mantine/core';
import { useId, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { DecisionStep } from '../../api/types';
import { formatCount, formatValue } from '../../text/format';
import classes from './decisions.module.css';
import { cutAt, nearest, stopsOf, type BoundName } from './histogram_axis';

const height = 100;

/**
 * The values of a step, the dropped ones striped, with the threshold as a line that a slider, the
 * arrow keys or the pointer move from edge to edge.
 */
export function Histogram({ step, bound, own, value, move }: {
  step: DecisionStep; bound: BoundName; own: number | null; value: number | null; move: (value: number) => void;
}) {
  const { t, i18n } = useTranslation();
  const stripes = useId();
  const bars = step.histogram;
  if (bars.length === 0) return <Text c="dimmed" py="md">{t('decisions.nothingMeasured')}</Text>;
  const number = (shown: number) => formatValue(shown, i18n.language);
  const stops = stopsOf(step, bound, own);
  const at = value === null ? (bound === 'min' ? 0 : bars.length) : cutAt(bars, bound, value, step.whole);
  const tallest = Math.max(1, ...bars.map((bar) => bar.documents));
  const scale = (documents: number) => (documents * (height - 4)) / tallest;
  const follow = (event: PointerEvent<SVGSVGElement>) => {
    if (event.type === 'pointerdown') event.currentTarget.setPointerCapture(event.pointerId);
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const stop = nearest(stops, ((event.clientX - box.left) / box.width) * bars.length);
    if (stop) move(stop.value);
  };
  const first = bars[0];
  const middle = bars[Math.floor(bars.length / 2)];
  const last = bars.at(-1);
  return (
    <div>
      <div className={classes.plot}>
        <svg viewBox={`0 0 ${bars.length} ${height}`} preserveAspectRatio="none" role="img" data-testid="histogram"
          aria-label={t('decisions.chart', { bars: bars.length })} onPointerDown={follow} onPointerMove={follow}>
          <defs>
            <pattern id={stripes} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform={`scale(${bars.length / 600} ${height / 180}) rotate(-45)`}>
              <rect width="3" height="6" fill="var(--yurai-category-2)" />
            </pattern>
          </defs>
          {bars.map((bar, index) => {
            const kept = scale(bar.documents - bar.dropped);
            const dropped = scale(bar.dropped);
            return (
              <g key={index} data-from={bar.from} data-documents={bar.documents} data-dropped={bar.dropped}>
                {kept > 0 && <rect className={classes.kept} x={index + 0.06} y={height - kept} width={0.88} height={kept} />}
                {dropped > 0 && <rect className={classes.dropped} style={{ fill: `url(#${stripes})` }} x={index + 0.06} y={height - kept - dropped} width={0.88} height={dropped} />}
              </g>
            );
          })}
          <line className={classes.base} x1={0} x2={bars.length} y1={height} y2={height} />
          <rect className={classes.refused} x={bound === 'min' ? 0 : at} y={0} width={bound === 'min' ? at : bars.length - at} height={height} />
          {own !== null && own !== value && <line className={classes.own} x1={cutAt(bars, bound, own, step.whole)} x2={cutAt(bars, bound, own, step.whole)} y1={0} y2={height} />}
          <line className={classes.cut} x1={at} x2={at} y1={0} y2={height} />
        </svg>
        <Slider size={6} thumbSize={18} min={0} max={bars.length} step={1e-6} value={at} restrictToMarks marks={stops.map((stop) => ({ value: stop.at }))}
          color="gray" label={null} inverted={bound === 'max'} thumbLabel={t('decisions.threshold')} thumbValueText={value === null ? t('decisions.noBound') : number(value)}
          classNames={{ mark: classes.mark }} onChange={(moved) => { const stop = nearest(stops, moved); if (stop) move(stop.value); }} data-testid="slider" px={0} />
      </div>
      <div className={classes.ticks} aria-hidden="true">
        <span>{number(first?.from ?? 0)}</span>{bars.length > 4 && <span>{number(middle?.from ?? 0)}</span>}<span>{number(last?.to ?? 0)}</span>
      </div>
      <Text size="sm" c="dimmed" mt={4} data-testid="undetermined-values">
        {t('decisions.notMeasured', { formatted: formatCount(step.undetermined.documents, i18n.language) })}
      </Text>
    </div>
  );
}
