import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineTask } from '../../src/core/define-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { rowBirth } from '../../src/core/new-row.ts';
import { refuseUnknownHandler } from '../../src/core/refuse-handler.ts';
import { canonicalContent, parseTaskSpec } from '../../src/core/task-spec.ts';

describe('a task that calls a handler', () => {
  it('has args of any JSON, or none', () => {
    for (const args of [{ x: 4, y: 10 }, [1, 2], 'text', 5, null, { deep: { er: [{}] } }]) {
      expect(parseTaskSpec({ handler: 'delayed_add', args }, false)).toEqual({
        handler: 'delayed_add',
        args,
      });
    }
    expect(parseTaskSpec({ handler: 'hello' }, false)).toEqual({ handler: 'hello' });
  });

  it.each([
    [{ handler: 'a', command: 'b' }, 'exactly one of'],
    [{ handler: 'a', argv: ['b'] }, 'exactly one of'],
    [{ command: 'b', args: {} }, 'are for a `handler`'],
    [{ handler: 'a', input: 'x' }, 'neither `input` nor `env`'],
    [{ handler: 'a', env: { B: 'c' } }, 'neither `input` nor `env`'],
    [{ handler: 'a b' }, 'letters, digits'],
    [{ handler: 'a', args: Infinity }, 'fit a double'],
  ])('is refused as %j', (spec, text) => {
    expect(() => parseTaskSpec(spec, false)).toThrow(text);
  });

  it('may nest its args as deep as any tool can follow, and no deeper', () => {
    const nested = (levels: number): unknown =>
      JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;
    expect(() => parseTaskSpec({ handler: 'a', args: nested(100) }, false)).not.toThrow();
    expect(() => parseTaskSpec({ handler: 'a', args: nested(20_000) }, false)).toThrow('levels');
  });

  it('is refused on a queue that runs a program of its own', () => {
    expect(() => parseTaskSpec({ handler: 'a', input: 'x' }, true)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('program of its own') as string,
        expected: expect.stringContaining('{"input": "…"}') as string,
      }),
    );
  });

  it('is the same content whatever the order of its keys, and only then', () => {
    const of = (args: unknown) => canonicalContent('q', { handler: 'a', args });
    expect(of({ x: 1, y: { b: 2, a: 3 } })).toBe(of({ y: { a: 3, b: 2 }, x: 1 }));
    expect(of({ x: 1 })).not.toBe(of({ x: '1' }));
    expect(of({ a: 1 })).not.toBe(of([['a', 1]]));
    expect(of({ a: 1 })).not.toBe(of({ entries: [['a', 1]] }));
    expect(of(undefined)).not.toBe(of(null));
  });

  it('keeps its name in the row when its args are too long for it', () => {
    const birth = rowBirth(DEFAULT_QUEUE, {
      hash: 'h',
      at: 1,
      spec: { handler: 'a', args: { text: 'x'.repeat(1000) } },
    });
    expect(birth).toMatchObject({ program: { handler: 'a' }, programCut: true });
  });

  it('is invalid for a worker without that handler', () => {
    const message = {
      kind: 'task' as const,
      id: 't',
      at: 1,
      hash: 'h',
      content: { body: '' },
      spec: { handler: 'a' },
    };
    expect(refuseUnknownHandler(message, ['a'])).toBe(message);
    expect(refuseUnknownHandler(message, ['b'])).toMatchObject({
      kind: 'invalid',
      detail: 'there is no handler a; this worker has: b (restart it to load new files, then redrive)',
      spec: { handler: 'a' },
    });
  });
});

describe('defineTask', () => {
  it('gives back what it is given, and refuses a name that no message could carry', () => {
    const run = () => 5;
    expect(defineTask({ name: 'add', args: z.object({ x: z.number() }), run })).toMatchObject({
      name: 'add',
      run,
    });
    expect(() => defineTask({ name: 'no name', args: z.unknown(), run })).toThrow('no name for a handler');
  });
});
