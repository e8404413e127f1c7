import { memo, useMemo, type KeyboardEvent, type MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Trace } from '../../api/types';
import { VisibleText } from '../../components/visible_text';
import { codePointStarts } from '../../text/code_points';
import { formatSmall, shortened } from '../../text/format';
import { lanes, segments } from '../../text/layers';
import { visibleString } from '../../text/visible';
import { levelOf } from '../../app/shades';
import { spanToSelect, strongestLevel, underLines } from './lines';
import classes from './trace.module.css';

interface Part {
  text: string;
  covering: number[];
  starting: number[];
}

const Marked = memo(function Marked({ part, level, lines, selected }: {
  part: Part; level: number; lines: string; selected: boolean;
}) {
  return (
    <span className={`${classes.segment} ${classes[`level${level}`]}`} data-covering={part.covering.join(' ')}
      data-selected={selected} data-level={level} style={JSON.parse(lines) as object}>
      <VisibleText text={part.text} />
    </span>
  );
});

/** The text with its spans: shade and lines for the eye, a numbered button at the head of each for keys and readers. */
export function TracedText({ trace, selected, onSelect, onStep }: {
  trace: Trace; selected: number | null; onSelect: (span: number) => void; onStep: (by: number) => void;
}) {
  const { t, i18n } = useTranslation();
  const { parts, lane, chances } = useMemo(() => {
    const starts = codePointStarts(trace.text);
    const ranges = trace.spans.map((span) => ({ begin: starts[span.char_begin] ?? 0, end: starts[span.char_end] ?? 0 }));
    return {
      parts: segments(ranges, trace.text.length).flatMap<Part>(({ begin, end, covering, starting }) => {
        const text = trace.text.slice(begin, end);
        const blank = text.length - text.trimStart().length;
        if (starting.length === 0 || blank === 0 || blank === text.length) return [{ text, covering, starting }];
        // The number stands at the first word of its span, not behind what is before its line break.
        return [{ text: text.slice(0, blank), covering, starting: [] }, { text: text.slice(blank), covering, starting }];
      }),
      lane: lanes(ranges),
      chances: trace.spans.map((span) => span.chance_per_10k),
    };
  }, [trace]);

  const onClick = (event: MouseEvent) => {
    if (!(event.target instanceof Element) || window.getSelection()?.isCollapsed === false) return;
    const covering = event.target.closest<HTMLElement>('[data-covering]')?.dataset['covering'];
    if (!covering) return;
    const span = spanToSelect(covering.split(' ').map(Number), chances, selected);
    if (span !== null) onSelect(span);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft')) return;
    onStep(event.key === 'ArrowRight' ? 1 : -1);
  };

  return (
    // The buttons inside are what keys and readers use; clicking the words is the mouse's shortcut.
    <div className={`foreign ${classes.text}`} data-testid="traced-text" role="group" aria-label={t('trace.answer')} onClick={onClick} onKeyDown={onKeyDown}>
      {parts.map((part, index) => {
        const markers = part.starting.map((span) => (
          <button key={`marker-${span}`} type="button" className={classes.marker} id={`span-${span + 1}`} data-level={levelOf(chances[span] ?? 0)}
            aria-pressed={span === selected} tabIndex={span === (selected ?? 0) ? 0 : -1} title={t('trace.span', { number: span + 1 })}
            aria-label={t(trace.spans[index]?.differs ? 'trace.spanLabelFolded' : 'trace.spanLabel', {
              number: span + 1,
              chance: t('trace.chanceValue', { value: formatSmall(chances[span] ?? 0, i18n.language) }),
              text: visibleString(shortened(trace.spans[span]?.text ?? '', 60, 0)),
            })}
            onClick={(event) => { event.stopPropagation(); onSelect(span); }}>
            {span + 1}
          </button>
        ));
        if (part.covering.length === 0) return <span key={index} data-plain><VisibleText text={part.text} /></span>;
        const lines = underLines(part.covering.map((span) => ({
          level: levelOf(chances[span] ?? 0), lane: lane[span] ?? 0, selected: span === selected,
        })));
        return [
          ...markers,
          <Marked key={index} part={part} level={strongestLevel(part.covering, chances)} lines={JSON.stringify(lines)}
            selected={selected !== null && part.covering.includes(selected)} />,
        ];
      })}
    </div>
  );
}
