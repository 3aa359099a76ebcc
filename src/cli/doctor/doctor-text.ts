import type { CheckResult } from '../../core/doctor/finding.ts';
import { amountOf } from '../../core/amounts.ts';
import type { Colour, Paint } from '../output/paint.ts';
import { toOneLine } from '../output/safe-text.ts';
import type { DoctorReport } from './doctor-report.ts';

const COLOURS: Record<CheckResult['severity'], Colour> = {
  ok: 'green',
  note: 'cyan',
  warning: 'yellow',
  error: 'red',
};
const MARK_WIDTH = 'warning'.length;
const CHECK_WIDTH = 'dead-letters'.length;
const SHOWN_EXAMPLES = 5;

/** A check a line, what was found with what to do about it; queue by queue. */
export function doctorText(report: DoctorReport, paint: Paint): string {
  const lines: string[] = [];
  let heading = '';
  for (const check of report.checks) {
    const next = headingOf(check);
    if (next !== heading) lines.push('', paint('bold', next));
    heading = next;
    lines.push(...checkLines(check, paint));
  }
  lines.push('', summaryOf(report, paint));
  return [paint('bold', titleOf(report)), ...lines].join('\n');
}

function titleOf({ target, client }: DoctorReport): string {
  const where = target ? `, ${target.kind === 'url' ? '' : `${target.kind} stack `}${target.api}` : '';
  return `millrace ${client.version}${where}`;
}

function headingOf({ queue }: CheckResult): string {
  return queue === undefined ? 'installation' : `queue ${queue}`;
}

function checkLines(check: CheckResult, paint: Paint): string[] {
  const { severity, message, batch, expected, got, hint, examples = [] } = check;
  const mark = paint(COLOURS[severity], severity.padEnd(MARK_WIDTH));
  const said = `${batch === undefined ? '' : `batch ${batch}: `}${message}`;
  const below = [
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(got === undefined ? [] : [`got: ${got}`]),
    ...(examples.length === 0 ? [] : [`such as: ${examplesText(examples)}`]),
    ...(hint === undefined ? [] : [hint]),
  ];
  const indent = ' '.repeat(2 + MARK_WIDTH + 2 + CHECK_WIDTH + 2);
  return [
    `  ${mark}  ${check.check.padEnd(CHECK_WIDTH)}  ${toOneLine(said)}`,
    ...below.map((line) => `${indent}${toOneLine(line)}`),
  ];
}

function examplesText(examples: readonly string[]): string {
  const more = examples.length > SHOWN_EXAMPLES ? ', … (--json has more)' : '';
  return `${examples.slice(0, SHOWN_EXAMPLES).join(', ')}${more}`;
}

function summaryOf({ healthy, summary, dryRun }: DoctorReport, paint: Paint): string {
  const { errors, warnings, notes } = summary;
  const text = [amountOf(errors, 'error'), amountOf(warnings, 'warning'), amountOf(notes, 'note')].join(', ');
  const verdict = healthy ? paint('green', 'healthy') : paint(errors > 0 ? 'red' : 'yellow', 'not healthy');
  return `${verdict}: ${text}${dryRun ? ' (dry run: nothing was sent or repaired)' : ''}`;
}
