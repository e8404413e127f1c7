import { Alert, Button, Group } from '@mantine/core';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CorpusDocument } from '../../api/types';
import { Empty } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import { indexOfByte } from '../../text/code_points';
import { visibleString } from '../../text/visible';
import classes from './document.module.css';
import { passages, shownWindow, type Passage } from './passages';

const windowSize = 3_000_000;
/** Above this many, signs for hidden characters are plain text, so that a hostile document cannot fill the page with elements. */
const maxEscapes = 200;

const PassageText = memo(function PassageText({ text }: { text: string }) {
  const shown = visibleString(text);
  return (shown.length - text.length) / 8 > maxEscapes ? shown : <VisibleText text={text} />;
});

export interface Match {
  byteBegin: number;
  byteEnd: number;
  /** How the matched text begins, where the address tells. */
  start: string;
}

/** The match in UTF-16 units, or null where the document does not hold it there. */
export function locate(text: string, match: Match | null): Passage | null {
  if (!match || match.byteEnd <= match.byteBegin) return null;
  const begin = indexOfByte(text, match.byteBegin);
  const end = begin + indexOfByte(text.slice(begin, begin + (match.byteEnd - match.byteBegin)), match.byteEnd - match.byteBegin);
  return end > begin && text.startsWith(match.start, begin) ? { begin, end } : null;
}

/** The text of a document, the match marked and scrolled to. Passages out of view are not laid out. */
export function DocumentText({ document: shown, match }: { document: CorpusDocument; match: Match | null }) {
  const { t } = useTranslation();
  const { text, lang } = shown;
  const place = useMemo(() => locate(text, match), [text, match]);
  const [range, setRange] = useState(() => shownWindow(text.length, place?.begin ?? 0, place?.end ?? 0, windowSize));
  const mark = useRef<HTMLElement | null>(null);
  const cut = useMemo(() => passages(text, range.begin, range.end), [text, range]);

  const toMatch = () => mark.current?.scrollIntoView({ block: 'center' });
  useEffect(() => {
    // The first scroll lays out the passages around the match; the second is exact.
    toMatch();
    const frame = requestAnimationFrame(() => requestAnimationFrame(toMatch));
    return () => cancelAnimationFrame(frame);
  }, [place]);

  if (text === '') return <Empty>{t('document.emptyText')}</Empty>;
  return (
    <>
      {match && !place && <Alert variant="outline" color="yellow" mb="md" role="status">{t('document.moved')}</Alert>}
      {range.begin > 0 && <Button variant="default" size="xs" mb="md" onClick={() => setRange({ ...range, begin: Math.max(0, range.begin - windowSize) })}>{t('document.earlier')}</Button>}
      <div className={`foreign ${classes.body}`} lang={lang ?? undefined} role="region" aria-label={t('document.text')} data-testid="document-text">
        {cut.map(({ begin, end }) => {
          const from = Math.max(begin, place?.begin ?? end);
          const to = Math.min(end, place?.end ?? begin);
          const marked = from < to;
          return (
            <div key={begin} className={classes.passage} style={marked ? { contentVisibility: 'visible' } : undefined}>
              {marked ? (
                <>
                  <PassageText text={text.slice(begin, from)} />
                  <mark className={`match ${classes.match}`} data-testid="match" ref={begin <= (place?.begin ?? 0) ? mark : undefined}>
                    <PassageText text={text.slice(from, to)} />
                  </mark>
                  <PassageText text={text.slice(to, end)} />
                </>
              ) : <PassageText text={text.slice(begin, end)} />}
            </div>
          );
        })}
      </div>
      <Group mt="md">
        {range.end < text.length && <Button variant="default" size="xs" onClick={() => setRange({ ...range, end: Math.min(text.length, range.end + windowSize) })}>{t('document.later')}</Button>}
        {place && <Button variant="default" size="xs" onClick={toMatch}>{t('document.toMatch')}</Button>}
      </Group>
    </>
  );
}
