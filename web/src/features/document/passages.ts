/** A long text in passages that the browser can lay out one by one, cut where a reader would. */
export interface Passage {
  begin: number;
  end: number;
}

const wanted = 2000;
const longest = 6000;

/** Cuts `[begin, end)` of `text` after line ends, else sentence ends, else between characters. */
export function passages(text: string, begin: number, end: number): Passage[] {
  const result: Passage[] = [];
  while (begin < end) {
    let cut = end;
    if (end - begin > longest) {
      const line = text.indexOf('\n', begin + wanted);
      if (line >= 0 && line < begin + longest) {
        cut = line + 1;
      } else {
        const full = text.lastIndexOf('。', begin + longest - 1);
        const space = text.lastIndexOf(' ', begin + longest - 1);
        const at = Math.max(full, space) + 1;
        cut = at > begin + wanted ? at : begin + longest;
        if ((text.codePointAt(cut - 1) ?? 0) > 0xffff) cut++;
      }
    }
    result.push({ begin, end: Math.min(cut, end) });
    begin = cut;
  }
  return result;
}

/** The part of a text of `length` that is shown at first: around `[begin, end)`, at most `size` long. */
export function shownWindow(length: number, begin: number, end: number, size: number): Passage {
  if (length <= size) return { begin: 0, end: length };
  const middle = Math.floor((begin + Math.min(end, begin + size)) / 2);
  const from = Math.max(0, Math.min(length - size, middle - Math.floor(size / 2)));
  return { begin: from, end: from + size };
}
