import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/core/ports.ts';
import { logLines } from '../../src/worker/log-lines.ts';

function collect() {
  const entries: { level: string; text: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, text?: string) =>
    void entries.push({ level, text: text ?? '', fields });
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as Log;
  return { entries, lines: logLines(log, { taskId: 't' }) };
}

describe('output in the log', () => {
  it('is a line an entry, also when pieces end within a line', () => {
    const { entries, lines } = collect();
    lines.write('stdout', 'one\ntw');
    lines.write('stderr', 'oops');
    lines.write('stdout', 'o\n');
    lines.end();
    expect(entries.map(({ text, fields }) => [text, fields])).toEqual([
      ['one', { taskId: 't', stream: 'stdout' }],
      ['two', { taskId: 't', stream: 'stdout' }],
      ['oops', { taskId: 't', stream: 'stderr' }],
    ]);
  });

  it.each([
    ['many short lines', 'y\n'.repeat(10_000)],
    ['few long ones', `${'x'.repeat(20_000)}\n`],
    ['one that never ends', 'x'.repeat(20_000)],
  ])('stops at a bound, and says so once: %s', (_, piece) => {
    const { entries, lines } = collect();
    for (let i = 0; i < 1000; i += 1) lines.write(i % 2 === 0 ? 'stdout' : 'stderr', piece);
    lines.end();
    expect(entries.filter(({ level }) => level === 'info').length).toBeLessThanOrEqual(10_000);
    expect(entries.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(1_200_000);
    expect(entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(entries.at(-1)?.text).toMatch(/the rest of its output is not logged/);
  });
});
