import { describe, expect, it } from 'vitest';
import { feedStep, handedOn, handedOnByAll } from '../../src/core/feed-step.ts';
import { MAX_ARGS_DEPTH } from '../../src/core/limits.ts';
import type { TaskRow } from '../../src/core/task-row.ts';

const ROW: TaskRow = {
  id: 'w~x.1',
  queue: 'default',
  state: 'SUCCEEDED',
  hash: 'h',
  createdAt: 0,
  maxAttempts: 3,
  attempt: 2,
  failures: 0,
};
const SUM = handedOnByAll([1, 'two', null]);
const STDOUT = { value: 'hi\n', text: 'hi\n' };

describe('what a task hands on', () => {
  it('is its result, or else the end of its STDOUT', () => {
    expect(handedOn({ ...ROW, result: '{"a":1}', stdout: 'x' }, undefined)).toEqual({
      value: { a: 1 },
      text: '{"a":1}',
    });
    expect(handedOn({ ...ROW, stdout: 'hi\n' }, undefined)).toEqual(STDOUT);
    expect(handedOn({ ...ROW, result: 'null', stdout: 'x' }, undefined)?.value).toBeNull();
    expect(handedOn({ ...ROW, stdout: '' }, undefined)).toBeUndefined();
    expect(handedOn(ROW, undefined)).toBeUndefined();
  });

  it('comes from the output item of that attempt, and of no other', () => {
    const output = { attempt: 2, stdout: 'long', stderr: '' };
    expect(handedOn({ ...ROW, outputOf: 2 }, output)?.value).toBe('long');
    expect(handedOn({ ...ROW, outputOf: 2 }, { ...output, attempt: 1 })).toBeUndefined();
  });
});

describe('a step is fed', () => {
  it.each([
    ['a handler without args: its args', { handler: 'h' }, { handler: 'h', args: [1, 'two', null] }],
    [
      'a handler with `into`: that argument beside its own',
      { handler: 'h', args: { scale: 2 }, into: 'values' },
      { handler: 'h', args: { scale: 2, values: [1, 'two', null] } },
    ],
    [
      'a handler with `into` that has an argument of that name: instead of it',
      { handler: 'h', args: { values: [] }, into: 'values' },
      { handler: 'h', args: { values: [1, 'two', null] } },
    ],
    [
      'a handler with args and no `into`: nothing, they stand',
      { handler: 'h', args: { scale: 2 } },
      { handler: 'h', args: { scale: 2 } },
    ],
    ['a command: its input, as JSON', { command: 'cat' }, { command: 'cat', input: '[1,"two",null]' }],
    ['an argv, likewise', { argv: ['cat'] }, { argv: ['cat'], input: '[1,"two",null]' }],
    [
      'a command with input: nothing, it stands',
      { command: 'cat', input: '' },
      { command: 'cat', input: '' },
    ],
    ['the program of a queue: its input', {}, { input: '[1,"two",null]' }],
  ])('%s', (_, step, expected) => {
    expect(feedStep(step, SUM)).toEqual({ task: expected });
  });

  it('a command with what was printed, word for word', () => {
    expect(feedStep({ command: 'cat' }, STDOUT)).toEqual({ task: { command: 'cat', input: 'hi\n' } });
  });

  it('with nothing where nothing was left: null for an argument, an empty STDIN', () => {
    expect(feedStep({ handler: 'h', into: 'x' }, undefined)).toEqual({
      task: { handler: 'h', args: { x: null } },
    });
    expect(feedStep({ handler: 'h' }, undefined)).toEqual({ task: { handler: 'h' } });
    expect(feedStep({ command: 'cat' }, undefined)).toEqual({ task: { command: 'cat' } });
    expect(feedStep({}, undefined)).toEqual({ task: { input: '' } });
  });

  it('not with what no message could carry: it is refused, and says why', () => {
    let deep: unknown = 1;
    for (let n = 0; n <= MAX_ARGS_DEPTH; n += 1) deep = [deep];
    const content = feedStep({ handler: 'h', into: 'x' }, { value: deep, text: '' });
    expect(content.task).toEqual({ handler: 'h' });
    expect(content.refused).toMatch(/args.*levels/);
    expect(feedStep({ handler: 'h' }, { value: JSON.parse('1e999'), text: '' }).refused).toMatch(/double/);
  });
});
