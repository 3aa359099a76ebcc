import type { Paint } from './paint.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Applied to the padded text, so that colours do not disturb the alignment. */
  readonly paint?: (text: string) => string;
}

/** Rows as aligned text; the title line is bold on a terminal. Cells are one line each. */
export function toTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[], style: (text: string, column: Column) => string) =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? '';
        const isLast = at === columns.length - 1;
        const width = widths[at] ?? 0;
        const padded = column.align === 'right' ? cell.padStart(width) : isLast ? cell : cell.padEnd(width);
        return style(padded, column);
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      (text) => paint('bold', text),
    ),
    ...rows.map((row) => line(row, (text, column) => column.paint?.(text) ?? text)),
  ].join('\n');
}
