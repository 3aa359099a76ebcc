import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/doctor/doctor-report.ts';
import { FINDINGS } from '../../src/core/doctor/finding.ts';
import type { TaskList } from '../../src/core/list-tasks.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, until } from '../support/processes.ts';

describe('the doctor of a local stack', { timeout: 180_000 }, () => {
  const stacks: LocalStack[] = [];
  afterEach(async () => {
    await endAll();
    for (const stack of stacks.splice(0)) await stack.remove();
  });

  async function startStack(): Promise<LocalStack> {
    const stack = await LocalStack.start();
    stacks.push(stack);
    return stack;
  }

  test('finds nothing after hundreds of tasks that failed, were cancelled, redriven, and lost their worker', async () => {
    const stack = await startStack();
    await stack.cli(['queue', 'add', 'busy', '--lease', '4', '--max-attempts', '2']);
    const lines = Array.from({ length: 300 }, (_, n) => {
      if (n % 25 === 0) return 'test -e /nowhere/at/all';
      return n % 10 === 0 ? `sleep 0.05; exit 0` : `echo ${n}`;
    });
    const file = join(stack.home, 'commands.txt');
    await writeFile(file, `${lines.join('\n')}\n`);
    await stack.json(['load', 'busy', file, '--batch', 'first']);
    await stack.json(['load', 'busy', file, '--batch', 'second']);
    for (const id of ['second.0.290', 'second.0.291', 'second.0.292']) await stack.cli(['cancel', id]);
    const killed = stack.startCli(['work', 'busy', 'forever']);
    await until('some tasks to end', () => killed.stdout().split('task SUCCEEDED').length > 60);
    killed.child.kill('SIGKILL');
    await killed.exit;
    const workers = [1, 2].map(() => stack.startCli(['work', 'busy', 'until-empty']));
    expect(await Promise.all(workers.map((worker) => worker.exit))).toEqual([0, 0]);
    const failed = await stack.json<TaskList>(['peek', 'busy', 'failed', '100']);
    expect(failed.tasks.length).toBeGreaterThan(20);
    await stack.cli(['redrive', ...failed.tasks.slice(0, 10).map(({ id }) => id)]);
    expect(await stack.startCli(['work', 'busy', 'until-empty']).exit).toBe(0);

    const { code, stdout } = await stack.cli(['doctor', '--json']);
    const report = JSON.parse(stdout) as DoctorReport;
    const problems = report.checks.filter(({ severity }) => severity === 'warning' || severity === 'error');
    expect(problems).toEqual([]);
    expect([code, report.healthy]).toEqual([0, true]);
    const busy = report.queues.find(({ queue }) => queue === 'busy');
    expect(busy).toMatchObject({ rows: 600, batches: 2 });
    expect(busy?.recorded).toEqual(busy?.counted);
    expect(busy?.recorded.cancelled).toBe(3);
    // The one that was killed has not taken its report back.
    const notes = report.checks.filter(({ severity }) => severity === 'note').map((check) => check.code);
    expect(new Set(notes)).toEqual(new Set(['workers_stale']));

    const text = (await stack.cli(['doctor', 'busy', '--batch', 'first'])).stdout;
    expect(text).toMatch(/^ {2}ok {7}counts {8}\d+ succeeded, \d+ failed, 3 cancelled: as the rows say$/m);
    expect(text).toMatch(/^ {2}ok {7}batches {7}batch first: \d+ succeeded, \d+ failed, 0 cancelled of 300/m);
    expect(text).toMatch(/^healthy: 0 errors, 0 warnings, 1 note$/m);
  });

  test('finds a folder that others may read, and a key that is not let in', async () => {
    const stack = await startStack();
    await chmod(join(stack.data, 'stack.json'), 0o644);
    const open = await stack.cli(['doctor', '--json']);
    const report = JSON.parse(open.stdout) as DoctorReport;
    expect(open.code).toBe(1);
    expect(report.checks.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'data_folder', expected: '0600', got: '0644' },
    ]);
    const { origin } = new URL(stack.ready.api);
    const { code, stdout } = await stack.cli(['doctor', '--url', origin.replace('//', '//millrace:wrong@')]);
    expect(code).toBe(5);
    expect(stdout).toMatch(/^ {2}error {4}api /m);
    expect(stdout).not.toContain('wrong');
  });
});

test('docs/command-line.md has every finding, and no other', async () => {
  const docs = await readFile(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8');
  const rows = docs
    .slice(docs.indexOf('## The doctor'))
    .matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) +\| (\w+(?:, \w+)?)/gm);
  const named = [...rows].flatMap(([, codes = '', severities = '']) => {
    const list = codes.split(', ').map((code) => code.replaceAll('`', ''));
    const each = severities.split(', ');
    return list.map((code, at) => [code, each[at] ?? each[0]]);
  });
  expect(Object.fromEntries(named)).toEqual(
    Object.fromEntries(Object.entries(FINDINGS).map(([code, { severity }]) => [code, severity])),
  );
});
