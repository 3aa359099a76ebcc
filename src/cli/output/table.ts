import type { Paint } from './paint.ts';
import { clip } from './safe-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Applied to the padded text, so that colours do not disturb the alignment. */
  readonly paint?: (text: string) => string;
  /** May be left out where there is no room for all columns: the lowest number goes first. */
  readonly spare?: number;
  /** Its cells may be clipped to this many characters. */
  readonly clipTo?: number;
}

const GAP = 2;

/**
 * Rows as aligned text; the title line is bold on a terminal. Cells are one line each.
 * @param width of the terminal; a pipe gets everything
 */
export function toTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  width = Infinity,
): string {
  const shown = fit(
    columns.map((column, at) => ({ column, cells: rows.map((row) => row[at] ?? '') })),
    width,
  );
  const room = width - widthOf(shown);
  const fields = shown.map(({ column, cells }) => {
    const full = fullWidth({ column, cells });
    const size =
      column.clipTo === undefined ? full : Math.min(full, leastWidth({ column, cells }) + Math.max(0, room));
    return { column, size, cells: cells.map((cell) => clip(cell, size)) };
  });
  const line = (cellOf: (at: number) => string, style: (text: string, column: Column) => string) =>
    fields
      .map(({ column, size }, at) => {
        const cell = cellOf(at);
        const isLast = at === fields.length - 1;
        return style(
          column.align === 'right' ? cell.padStart(size) : isLast ? cell : cell.padEnd(size),
          column,
        );
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [
    line(
      (at) => fields[at]?.column.title ?? '',
      (text) => paint('bold', text),
    ),
    ...rows.map((_, row) =>
      line(
        (at) => fields[at]?.cells[row] ?? '',
        (text, column) => column.paint?.(text) ?? text,
      ),
    ),
  ].join('\n');
}

interface Filled {
  readonly column: Column;
  readonly cells: readonly string[];
}

/** Leaves out spare columns until the others have room. */
function fit(columns: readonly Filled[], width: number): readonly Filled[] {
  if (widthOf(columns) <= width) return columns;
  const spare = columns
    .filter(({ column }) => column.spare !== undefined)
    .sort((a, b) => (a.column.spare ?? 0) - (b.column.spare ?? 0))[0];
  return spare
    ? fit(
        columns.filter((column) => column !== spare),
        width,
      )
    : columns;
}

/** What the columns take at least. */
function widthOf(columns: readonly Filled[]): number {
  return columns.reduce((sum, column) => sum + leastWidth(column), 0) + GAP * (columns.length - 1);
}

function leastWidth(filled: Filled): number {
  const { title, clipTo = Infinity } = filled.column;
  return Math.max(title.length, Math.min(fullWidth(filled), clipTo));
}

function fullWidth({ column, cells }: Filled): number {
  return Math.max(column.title.length, ...cells.map((cell) => cell.length));
}
