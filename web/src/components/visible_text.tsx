import { memo } from 'react';
import { visiblePieces } from '../text/visible';

/** Untrusted text as text, with what cannot be seen, or would reorder the page, shown by its code. */
export const VisibleText = memo(function VisibleText({ text }: { text: string }) {
  return visiblePieces(text).map((piece, index) =>
    piece.kind === 'text' ? piece.text : <span key={index} className="escape">{piece.text}</span>);
});

/** The same in one line that its neighbours cannot be reordered by. */
export function Foreign({ text, lang }: { text: string; lang?: string | null }) {
  return <bdi className="foreign-line" lang={lang ?? undefined}><VisibleText text={text} /></bdi>;
}
