import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, test } from 'vitest';
import { amountOf, bytesText } from '../../src/cli/output/amounts.ts';
import { LiveText } from '../../src/cli/output/live-text.ts';
import { makeMeter } from '../../src/cli/output/meter.ts';
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
