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

/** As JSON: every sample, and what was made of them. */
export function toJson(results: Results): string {
  const sections = results.sections.map((section) => ({
    ...section,
    rows: section.rows.map((row) => ({
      ...row,
      figures: row.figures.map((figure) => ({
        ...figure,
        median: valueOf(figure),
        ratio: ratioTo(row, figure),
      })),
    })),
  }));
  return `${JSON.stringify({ ...results, sections }, null, 2)}\n`;
}

/** As a page of Markdown: a table a section, a line for each who was measured. */
export function toMarkdown({ command, date, machine, versions, sections, skipped }: Results): string {
  return [
    `# One run of \`${command}\``,
    '',
    `${describeMachine(machine)}; ${date.slice(0, 10)}. In brackets: Millrace’s figure ÷ this one. Compare these, not absolute figures: machines differ, and are noisy.`,
    '',
    ...sections.flatMap(({ title, rows }) => [`## ${capital(title)}`, '', ...table(rows), '']),
    ...(skipped.length === 0
      ? []
      : ['## Left out', '', ...skipped.map(({ what, reason }) => `- ${what}: ${oneLine(reason)}`), '']),
    '## Versions',
    '',
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(', '),
    '',
  ].join('\n');
}

function table(rows: readonly Row[]): string[] {
  const who = [...new Set(rows.flatMap(({ figures }) => figures.map((figure) => figure.who)))];
  const cells = (name: string) =>
    rows.map((row) => {
      const figure = row.figures.find((other) => other.who === name);
      if (!figure) return '–';
      const ratio = ratioTo(row, figure);
      return `${rounded(valueOf(figure))}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`;
    });
  return [
    `| | ${rows.map(({ what, unit }) => `${what}, ${unit}`).join(' | ')} |`,
    `|---|${rows.map(() => '---:|').join('')}`,
    ...who.map((name) => `| ${name} | ${cells(name).join(' | ')} |`),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
