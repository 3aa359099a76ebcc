import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, test } from 'vitest';
import { amountOf, bytesText } from '../../src/core/amounts.ts';
import { LiveText } from '../../src/cli/output/live-text.ts';
import { makeMeter } from '../../src/cli/output/meter.ts';
import { queuesTable, batchTable } from '../../src/cli/output/progress-text.ts';
import { tasksTable, taskText } from '../../src/cli/output/task-text.ts';
import { toWorkerLine } from '../../src/cli/output/worker-line.ts';
import { quoteForShell } from '../../src/cli/quote-for-shell.ts';

function fakeStream(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const read = () => (stream.read() as Buffer | null)?.toString() ?? '';
  return { stream: stream as unknown as WriteStream, read };
}

describe('LiveText', () => {
  test('redraws in place on a terminal, from its first line on', () => {
    const { stream, read } = fakeStream(true);
    const live = new LiveText(stream);
    live.show('a\nb', 'redraw');
    live.show('a\nb', 'redraw');
    live.show('c', 'redraw');
    expect(read()).toBe('a\nb\n\u001b[2A\u001b[0Jc\n');
  });

  test('knows that a line that is too long takes several of the terminal', () => {
    const { stream, read } = fakeStream(true);
    const live = new LiveText(stream);
    live.show(`\u001b[1m${'a'.repeat(81)}\u001b[22m\n${'b'.repeat(80)}`, 'redraw');
    read();
    live.show('c', 'redraw');
    expect(read()).toBe('\u001b[3A\u001b[0Jc\n');
  });

  test('prints each change elsewhere', () => {
    const { stream, read } = fakeStream(false);
    const live = new LiveText(stream);
    for (const text of ['a', 'a', 'b']) live.show(text, 'redraw');
    expect(read()).toBe('a\nb\n');
  });
});

describe('the meter', () => {
  test('without a terminal prints a line every few seconds, and one that says nothing new seldom', async () => {
    const { stream, read } = fakeStream(false);
    let now = 0;
    const meter = await makeMeter(stream, false, () => now);
    const shown = [1, 2, 2, 2].map((value, at) => {
      now = [1000, 6000, 12_000, 70_000][at] ?? 0;
      meter.show(value, 8, `${value} tasks`);
      return read();
    });
    expect(shown).toEqual(['', '25 % | 2 tasks\n', '', '25 % | 2 tasks\n']);
  });

  test('says nothing when it is to be quiet', async () => {
    const { stream, read } = fakeStream(false);
    const meter = await makeMeter(stream, true, () => Infinity);
    meter.show(1, 2, 'x');
    meter.say('y');
    expect(read()).toBe('');
  });

  test('on a terminal draws a bar, without a share of the whole when nobody knows the whole', async () => {
    for (const [total, expected] of [
      [4, /█+░+ 25 % \| 1 task/],
      [undefined, /^[^%]*1 task[^%]*$/],
    ] as const) {
      const { stream, read } = fakeStream(true);
      const meter = await makeMeter(stream, false, () => 0);
      meter.show(1, total, '1 task');
      meter.stop();
      expect(read()).toMatch(expected);
    }
  });

  test('on a terminal a sentence above the bar goes on in the next line, where the bar would be cut off', async () => {
    const { stream, read } = fakeStream(true);
    const meter = await makeMeter(stream, false, () => 0);
    meter.show(1, 4, '1 task');
    read();
    meter.say('a'.repeat(100));
    expect(read()).toContain(`\u001b[?7h${'a'.repeat(100)}\n\u001b[?7l`);
    meter.stop();
  });
});

describe('on a terminal of 80 columns', () => {
  const plain = (_: string, text: string) => text;
  const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));
  const counts = { total: 101_000, pending: 90_000, running: 8, succeeded: 8992, failed: 2000, cancelled: 0 };
  const queue = { queue: 'default', ...counts, delayed: 0, expired: 0, paused: true };
  const task = {
    ...{ id: '2a09dc43-7e52-40d7-98c8-fb18a140af3d.54.1000', queue: 'default', state: 'FAILED' as const },
    ...{ command: 'echo '.repeat(30), attempt: 4, maxAttempts: 3, createdAt: '2026-01-01T00:00:00.000Z' },
    ...{ reason: 'exit' as const, exitCode: 127 },
  };

  test('queues leave out columns that are all 0, and a pipe gets them', () => {
    const text = queuesTable([queue], plain, 80);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^QUEUE +TOTAL +PENDING +DELAYED +RUNNING +SUCCEEDED +FAILED/);
    expect(text).toContain('paused');
    expect(queuesTable([queue], plain)).toContain('EXPIRED');
    expect(queuesTable([{ ...queue, expired: 1 }], plain, 80)).toContain('EXPIRED');
  });

  test('a batch has its id above its numbers', () => {
    const batch = { id: '2a09dc43-7e52-40d7-98c8-fb18a140af3d', queue: 'default', ...counts };
    expect(widest(batchTable(batch, plain, 80))).toBeLessThanOrEqual(80);
    expect(batchTable(batch, plain, 80)).toMatch(/^batch 2a09dc43-\S+, queue default\n +TOTAL/);
    expect(batchTable(batch, plain)).toMatch(/^BATCH +QUEUE +TOTAL/);
  });

  test('tasks show their ids whole, and as much of their programs as there is room for', () => {
    const text = tasksTable([task], plain, 80);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatch(new RegExp(`^${task.id}  FAILED.*exit 127  echo echo .*…$`, 'm'));
    expect(tasksTable([task], plain, 200)).toContain(task.createdAt);
    expect(tasksTable([task], plain, undefined)).toContain(task.command.trimEnd());
  });

  test('an attempt beyond the allowed ones is one after a redrive', () => {
    expect(taskText(task, plain)).toMatch(/^attempt +4$/m);
    expect(taskText({ ...task, attempt: 3 }, plain)).toMatch(/^attempt +3 of 3$/m);
  });

  test('a task that runs again tells how its last attempt ended', () => {
    expect(taskText(task, plain)).toMatch(/^state +FAILED \(exit code 127\)$/m);
    expect(taskText({ ...task, state: 'PENDING' }, plain)).toMatch(
      /^state +PENDING \(last attempt: exit code 127\)$/m,
    );
    expect(taskText({ ...task, reason: 'timeout', signal: 'SIGKILL' }, plain)).toContain(
      'timeout, exit code 127, SIGKILL',
    );
  });
});

test.each([
  [{ msg: 'a\u001b[2Jb', stream: 'stdout', taskId: 't1' }, '  t1 | a\\x1b[2Jb'],
  [{ msg: 'task FAILED', taskId: 't1', reason: 'exit', exitCode: 3 }, '  FAILED t1 (exit 3)'],
  [
    { msg: 'worker started', worker: 'w', queue: 'q', slots: 4 },
    'Worker w runs tasks of q, 4 at a time. Ctrl-C stops it.',
  ],
  [
    { msg: 'handlers loaded', tasks: '/app/tasks', handlers: ['greet', 'resize'] },
    '  handlers  greet, resize  (/app/tasks)',
  ],
  [{ msg: 'worker ended', why: 'empty', ran: 2 }, 'Worker ended (empty): 2 attempts run.'],
  [{ msg: 'something', level: 40, err: { message: 'broke' } }, '  ! something: broke'],
])('%j of the log is shown as %s', (entry, expected) => {
  expect(toWorkerLine(JSON.stringify(entry), (_, text) => text, true)).toBe(expected);
});

test('a worker of a stack does not tell its start', () => {
  expect(toWorkerLine('{"msg":"worker started","slots":4}', (_, text) => text)).toBeUndefined();
});

test.each([
  ['echo', 'echo'],
  ['', `''`],
  ['a b', `'a b'`],
  [`it's $HOME`, `'it'\\''s $HOME'`],
  ['~/x', `'~/x'`],
])('%j is one word of a shell as %s', (text, expected) => {
  expect(quoteForShell(text)).toBe(expected);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [12_345, '12.3 KB'],
  [123_456_789, '123 MB'],
])('%i bytes are %s', (bytes, expected) => {
  expect(bytesText(bytes)).toBe(expected);
});

test('an amount agrees with its number', () => {
  expect([0, 1, 1234].map((count) => amountOf(count, 'task'))).toEqual(['0 tasks', '1 task', '1,234 tasks']);
});
