import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage, PROTOCOL_VERSION, toMessageBody, type Envelope } from '../../src/core/envelope.ts';
import { canonicalContent } from '../../src/core/task-spec.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);

function parse(body: string, more: { version?: string | undefined; hasProgram?: boolean } = {}) {
  const message = { body, messageId: 'm1', sentAt: 5000, version: more.version };
  return parseMessage(message, { name: 'q', hasProgram: more.hasProgram ?? false }, digest);
}

const ENVELOPE: Envelope = { id: 't1', at: 1000, hash: 'h', content: { task: { command: 'true' } } };
const V1 = String(PROTOCOL_VERSION);

describe('a raw message', () => {
  it('is a shell command, known by its SQS id, whatever it starts with', () => {
    for (const body of ['echo hi', '{ echo hi; }', '[ -f x ] && true', '{}', '"x"', ' {"command":"x"}']) {
      expect(parse(body), body).toEqual({
        kind: 'task',
        id: 'm1',
        at: 5000,
        hash: digest(canonicalContent('q', body)),
        content: { body },
        spec: { command: body },
        notBefore: undefined,
      });
    }
  });

  it('that starts with {" is JSON in the schema of the HTTP body', () => {
    const body = '{"argv":["ls"],"timeoutSeconds":5,"delaySeconds":2}';
    expect(parse(body)).toMatchObject({
      kind: 'task',
      spec: { argv: ['ls'], timeoutSeconds: 5 },
      content: { body },
      notBefore: 7000,
    });
  });

  it('goes as it is to the program of a queue that has one', () => {
    for (const body of ['', '{"command":', 'text', '{"input":"x"}']) {
      expect(parse(body, { hasProgram: true }), body).toMatchObject({ kind: 'task', spec: { input: body } });
    }
  });

  it.each([
    ['broken JSON', '{"command":', /not JSON/],
    ['an unknown key', '{"comand":"x"}', /comand.*known: command/],
    ['two programs', '{"command":"x","argv":["x"]}', /exactly one/],
    ['an empty body', '', /empty/],
    ['a blank body', ' \n', /empty/],
    ['a NUL', 'echo \0', /NUL/],
    ['a command longer than the kernel takes', 'x'.repeat(128 * 1024), /131071/],
    [
      'a task longer than a program may be',
      `{"command":"cat","input":"${'x'.repeat(256 * 1024)}"}`,
      /too large/,
    ],
    ['a reach for the prototype', '{"command":"x","__proto__":{"maxAttempts":9}}', /__proto__/],
    ['a reach for the constructor', '{"command":"x","constructor":{"prototype":{}}}', /constructor/],
    ['a name in the environment that is none', '{"command":"x","env":{"A-B":"y"}}', /env/],
    ['a name that the worker sets', '{"command":"x","env":{"MILLRACE_TASK_ID":"y"}}', /MILLRACE_/],
    ['numbers for a text', '{"command":7}', /command/],
  ])('with %s is invalid, its body kept', (_what, body, detail) => {
    const parsed = parse(body);
    expect(parsed).toMatchObject({ kind: 'invalid', id: 'm1', at: 5000, content: { body } });
    expect((parsed as { detail: string }).detail).toMatch(detail);
    expect(({} as { maxAttempts?: number }).maxAttempts).toBeUndefined();
  });

  it('cannot reach the prototype by its environment either: that name is dropped', () => {
    const parsed = parse('{"command":"x","env":{"__proto__":"y","A":"1"}}');
    expect(parsed).toMatchObject({ kind: 'task' });
    const { env = {} } = (parsed as { spec: { env?: Record<string, string> } }).spec;
    expect(Object.entries(env)).toEqual([['A', '1']]);
    expect(Object.getPrototypeOf(env)).toBe(Object.prototype);
  });

  it('nested deeper than any task is invalid, and does no harm', () => {
    const body = `{"input":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(parse(body)).toMatchObject({ kind: 'invalid' });
  });

  it('is never thrown at', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `{"command":${json}}`),
          fc.json(),
        ),
        fc.constantFrom(undefined, V1, '0', '2', '-1', '1.0', 'x', '', '9999999'),
        fc.boolean(),
        (body, version, hasProgram) => {
          expect(['task', 'invalid', 'newer', 'stored']).toContain(parse(body, { version, hasProgram }).kind);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a message of ours', () => {
  it('carries the task, its id, its time and its hash', () => {
    const body = toMessageBody({ ...ENVELOPE, redriveOf: 3, redrivenAt: 4000 });
    expect(parse(body, { version: V1 })).toMatchObject({
      kind: 'task',
      id: 't1',
      at: 1000,
      hash: 'h',
      spec: { command: 'true' },
      redriveOf: 3,
      redrivenAt: 4000,
    });
  });

  it('may carry a raw body again, which is then read as one', () => {
    const body = toMessageBody({ ...ENVELOPE, content: { body: 'echo hi' } });
    expect(parse(body, { version: V1 })).toMatchObject({
      kind: 'task',
      id: 't1',
      spec: { command: 'echo hi' },
    });
    const broken = toMessageBody({ ...ENVELOPE, content: { body: '{"x"' } });
    expect(parse(broken, { version: V1 })).toMatchObject({
      kind: 'invalid',
      id: 't1',
      content: { body: '{"x"' },
    });
  });

  it('with a time that no Date can show is invalid: its row would spoil every list that it is in', () => {
    for (const wrong of [{ at: 9e15 }, { notBefore: 9e15 }, { redrivenAt: 9e15 }, { at: 1.5 }, { at: -1 }]) {
      expect(parse(toMessageBody({ ...ENVELOPE, ...wrong }), { version: V1 }).kind).toBe('invalid');
    }
    expect(parse(toMessageBody({ ...ENVELOPE, at: 8.64e15 }), { version: V1 }).kind).toBe('task');
  });

  it('without its content has it stored beside the row', () => {
    const { content: _content, ...envelope } = ENVELOPE;
    expect(parse(toMessageBody(envelope), { version: V1 })).toEqual({ kind: 'stored', envelope });
  });

  it.each(['3', '17', '999999'])(
    'of version %s is newer: it is handed back, whatever its body',
    (version) => {
      expect(parse('anything at all', { version })).toEqual({ kind: 'newer', version });
    },
  );

  const FIRING = {
    schedule: 's-1',
    at: '2026-11-25T08:00:00Z',
    hash: 'h',
    content: { task: { command: 'x' } },
  };

  it('of a schedule has an id that is made of its key and its time, whoever sends it how often', () => {
    const at = Date.UTC(2026, 10, 25, 8);
    expect(parse(JSON.stringify(FIRING), { version: '2' })).toEqual({
      ...{ kind: 'task', id: 's-1-20261125T080000Z', at, hash: 'h' },
      ...{ content: FIRING.content, spec: { command: 'x' } },
    });
    expect(
      parse(JSON.stringify({ ...FIRING, at: '2026-11-25T08:00:00.000Z' }), { version: '2' }),
    ).toMatchObject({
      id: 's-1-20261125T080000Z',
    });
  });

  it.each(['<aws.scheduler.scheduled-time>', 'yesterday', '', 5])(
    'of a schedule without a time (%s) is invalid',
    (at) => {
      expect(parse(JSON.stringify({ ...FIRING, at }), { version: '2' }).kind).toBe('invalid');
    },
  );

  it.each([
    ['no JSON', V1, 'nonsense', /not JSON/],
    ['another shape', V1, '{"id":"t1"}', /not the envelope/],
    ['an unknown key', V1, JSON.stringify({ ...ENVELOPE, extra: 1 }), /not the envelope/],
    [
      'a task that is none',
      V1,
      JSON.stringify({ ...ENVELOPE, content: { task: { comand: 'x' } } }),
      /not the envelope/,
    ],
    ['no version that exists', '0', toMessageBody(ENVELOPE), /expected version 1/],
    ['a version that is no number', 'one', toMessageBody(ENVELOPE), /expected version 1/],
    ['an absurd version', '10000000', toMessageBody(ENVELOPE), /expected version 1/],
  ])('with %s is invalid under its SQS id, its body kept', (_what, version, body, detail) => {
    const parsed = parse(body, { version });
    expect(parsed).toMatchObject({ kind: 'invalid', id: 'm1', content: { body } });
    expect((parsed as { detail: string }).detail).toMatch(detail);
  });
});
