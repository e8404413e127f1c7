import { levelOf, levels } from '../../app/shades';

const laneStep = 4;

export interface UnderLine {
  level: number;
  lane: number;
  selected: boolean;
}

/** CSS backgrounds that draw one line a span under a part of the text, each in its own lane. */
export function underLines(lines: readonly UnderLine[]): { backgroundImage: string; backgroundSize: string; backgroundPosition: string } {
  const images: string[] = [];
  const sizes: string[] = [];
  const positions: string[] = [];
  for (const { level, lane, selected } of lines) {
    const { line, dotted } = levels[level] ?? { line: 1, dotted: false };
    const colour = selected ? 'var(--yurai-selected-line)' : 'var(--yurai-line)';
    images.push(dotted
      ? `repeating-linear-gradient(90deg, ${colour} 0 2px, transparent 2px 5px)`
      : `linear-gradient(${colour}, ${colour})`);
    // Lanes are four pixels apart; where there are several, a thick line must not touch the next.
    sizes.push(`100% ${lines.length > 1 ? Math.min(line, laneStep - 1) : line}px`);
    positions.push(`0 calc(100% - ${Math.min(lane, 2) * laneStep}px)`);
  }
  return { backgroundImage: images.join(', '), backgroundSize: sizes.join(', '), backgroundPosition: positions.join(', ') };
}

/** Of the spans that cover a part, the one to show: the least likely by chance, or the one after `selected`. */
export function spanToSelect(covering: readonly number[], chances: readonly number[], selected: number | null): number | null {
  const order = [...covering].sort((a, b) => (chances[a] ?? 0) - (chances[b] ?? 0) || a - b);
  const at = selected === null ? -1 : order.indexOf(selected);
  return order[(at + 1) % order.length] ?? null;
}

export const strongestLevel = (covering: readonly number[], chances: readonly number[]): number =>
  Math.max(0, ...covering.map((index) => levelOf(chances[index] ?? Infinity)));
