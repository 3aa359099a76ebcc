import { rounded } from './figures.ts';
import { describeMachine, type Machine } from './machine.ts';
import { ratioTo, valueOf, type Row } from './section.ts';

/** One run: all that latest.json holds. */
export interface Results {
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly {
    readonly name: string;
    readonly title: string;
    readonly rows: readonly Row[];
  }[];
  /** What was left out, and why. */
  readonly skipped: readonly { readonly what: string; readonly reason: string }[];
}

/** Times and rates say nothing beyond six digits: what is kept is also what the tables are made of. */
export function withRoundedSamples(results: Results): Results {
  const sections = results.sections.map((section) => ({
    ...section,
    rows: section.rows.map((row) => ({
      ...row,
      figures: row.figures.map(({ who, samples }) => ({
        who,
        samples: samples.map((sample) => Number(sample.toPrecision(6))),
      })),
    })),
  }));
  return { ...results, sections };
}

/** As JSON: every sample, and what was made of them. */
export function toJson(results: Results): string {
  const sections = results.sections.map((section) => ({
    ...section,
    rows: section.rows.map((row) => ({
      ...row,
      figures: row.figures.map((figure) => ({
        ...figure,
        median: Number(valueOf(figure).toPrecision(6)),
        ratio: ratioTo(row, figure)?.toFixed(2),
      })),
    })),
  }));
  return `${JSON.stringify({ ...results, sections }, null, 2)}\n`;
}

/** As a page of Markdown: a table a section. */
export function toMarkdown(results: Results): string {
  return `# One run\n\n${toTables(results, '##')}`;
}

/** @param heading the mark of the sections' headings */
export function toTables(results: Results, heading: string): string {
  const { command, date, machine, versions, sections, skipped } = results;
  const about = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return [
    `\`${command}\` on ${describeMachine(machine)}; ${date.slice(0, 10)}. Medians; in brackets Millrace’s figure ÷ this`,
    'one. More is better at ↑, less at ↓. Compare the ratios: absolute figures are this machine’s at that hour.',
    '',
    ...sections.flatMap(({ title, rows }) => [`${heading} ${capital(title)}`, '', ...table(rows), '']),
    ...(skipped.length === 0
      ? []
      : [
          `${heading} Left out`,
          '',
          ...skipped.map(({ what, reason }) => `- ${what}: ${oneLine(reason)}`),
          '',
        ]),
    `${heading} Versions`,
    '',
    `${about.join(', ')}.`,
    '',
  ].join('\n');
}

/** Between these a document shows the latest results. */
const MARKS = { begin: '<!-- results: written by the bench -->', end: '<!-- end of the results -->' };

/** @returns a document with these results in the place that it has for them @throws Error when it has none */
export function withResults(document: string, results: Results): string {
  const [begin, end] = [document.indexOf(MARKS.begin), document.indexOf(MARKS.end)];
  if (begin < 0 || end < begin) throw new Error(`expected ${MARKS.begin} and ${MARKS.end} in the document`);
  const before = document.slice(0, begin + MARKS.begin.length);
  return `${before}\n\n${toTables(results, '###')}\n${document.slice(end)}`;
}

/** More do not fit on a page. */
const MAX_COLUMNS = 4;

const ARROWS = { more: ' ↑', less: ' ↓' };

/** A line for each who was measured; where more was measured than that has room for, a line for each of it. */
function table(rows: readonly Row[]): string[] {
  const who = [...new Set(rows.flatMap(({ figures }) => figures.map((figure) => figure.who)))];
  const whats = rows.map(({ what, unit, better }) => `${what}, ${unit}${better ? ARROWS[better] : ''}`);
  return rows.length > MAX_COLUMNS
    ? grid(who, whats, (column, line) => cell(rows[line], who[column]))
    : grid(whats, who, (column, line) => cell(rows[column], who[line]));
}

function grid(
  columns: readonly string[],
  lines: readonly string[],
  cellAt: (column: number, line: number) => string,
): string[] {
  return [
    `| | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---:|').join('')}`,
    ...lines.map(
      (name, line) => `| ${name} | ${columns.map((_, column) => cellAt(column, line)).join(' | ')} |`,
    ),
  ];
}

function cell(row: Row | undefined, who: string | undefined): string {
  const figure = row?.figures.find((other) => other.who === who);
  if (!row || !figure) return '–';
  const ratio = ratioTo(row, figure);
  return `${rounded(valueOf(figure))}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
