/**
 * Untrusted text is shown as text. What would not be seen, or would reorder what is around it, is
 * shown by its code: control, bidi, invisible and tag characters. Tab and line feed stay.
 */
export type Piece = { kind: 'text' | 'escape'; text: string };

const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

/** `"\u202e"` → `"U+202E"`. */
export function codeOf(character: string): string {
  return 'U+' + (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** `"a\u202eb"` → text `a`, escape `U+202E`, text `b`. A carriage return before a line feed goes. */
export function visiblePieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(hidden)) {
    if (match[0] === '\r' && text[match.index + 1] === '\n') {
      if (match.index > end) pieces.push({ kind: 'text', text: text.slice(end, match.index) });
      end = match.index + 1;
      continue;
    }
    if (match.index > end) pieces.push({ kind: 'text', text: text.slice(end, match.index) });
    pieces.push({ kind: 'escape', text: codeOf(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) });
  return pieces;
}

/** The same as one string, for attributes, titles and charts: `"a⟨U+202E⟩b"`. */
export function visibleString(text: string): string {
  return visiblePieces(text)
    .map((piece) => (piece.kind === 'text' ? piece.text : `⟨${piece.text}⟩`))
    .join('');
}
