/** A message that no one can understand. */
export interface BadMessage {
  readonly why: string;
  readonly body: string;
  /** What its attribute `millrace` says; absent: a raw message. */
  readonly version?: string;
}

const text = (value: unknown): string => JSON.stringify(value);
const nested = (open: string, depth: number): string => open.repeat(depth);

/** Bodies that say by `{"` that they are JSON, and are not. */
const NO_JSON = [
  '{"',
  '{"command"',
  '{"command":',
  '{"command":"echo',
  '{"command":"echo"',
  '{"command":"echo"}}',
  '{"command":"echo"} {"command":"echo"}',
  '{"command":"echo"},',
  '{"command":"echo",}',
  '{"command":\'echo\'}',
  '{"command":echo}',
  '{"command":"echo"\n"input":""}',
  '{"command":"a\nb"}',
  '{"command":"a\tb"}',
  '{"command":"\\x"}',
  '{"command":"\\u12"}',
  '{"command":undefined}',
  '{"command":"a","timeoutSeconds":NaN}',
  '{"command":"a","timeoutSeconds":Infinity}',
  '{"command":"a","timeoutSeconds":01}',
  '{"command":"a","timeoutSeconds":.5}',
  '{"command":"a","timeoutSeconds":+5}',
  '{"command":"a","timeoutSeconds":0x10}',
  '{"command":"a"}; rm -rf /',
  '{"command":"a"} // as a comment',
  '{"command":"a" /* as a comment */}',
  '{"Records":[',
  '{"a":',
  `{"command":"${'x'.repeat(10_000)}`,
  `{"a":${nested('[', 20_000)}`,
  `{"a":${nested('{"a":', 20_000)}`,
  '{"🙂"',
  '{"command":"a"}\u00a0',
  '{"command":"a"}\ufeff',
];

/** Values that a field must not have. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  command: [
    null,
    true,
    0,
    5,
    [],
    ['echo'],
    {},
    { command: 'echo' },
    '',
    ' ',
    '\n\t',
    'a\0b',
    'x'.repeat(131_072),
  ],
  argv: [
    null,
    true,
    5,
    '',
    'echo',
    {},
    [],
    [''],
    ['', 'a'],
    [5],
    [null],
    [['a']],
    ['a', 5],
    ['a', null],
    ['a\0b'],
  ],
  input: [null, true, 5, [], {}, ['a']],
  env: [null, true, 5, 'A=b', [], ['A=b'], { A: 5 }, { A: null }, { A: ['b'] }, { '': 'a' }, { 'A B': 'a' }],
  timeoutSeconds: [null, true, '5', '', [], {}, 0, -1, -0.5, 39_601, 1e300],
  maxAttempts: [null, true, '3', [], {}, 0, -1, 1.5, 101, 1e20],
  delaySeconds: [null, true, '5', [], {}, -1, 901, 1e20],
  tenant: [null, true, 5, [], {}, '', 'a b', 'ä', '\n', 'x'.repeat(129)],
};
const MORE_ENV = [
  { MILLRACE_X: 'a' },
  { '1A': 'a' },
  { 'A=B': 'a' },
  { A: 'a\0b' },
  { ä: 'a' },
  { 'A-B': 'a' },
];

const WRONG_FIELDS = Object.entries({ ...WRONG, env: [...(WRONG['env'] ?? []), ...MORE_ENV] }).flatMap(
  ([field, values]) =>
    values.map((value) =>
      text({ ...(field !== 'command' && field !== 'argv' && { command: 'echo' }), [field]: value }),
    ),
);

/** Objects that are no task. */
const NO_TASK = [
  text({ input: 'a' }),
  text({ timeoutSeconds: 5 }),
  text({ command: 'a', argv: ['b'] }),
  text({ command: 'a', colour: 'red' }),
  text({ Command: 'a' }),
  text({ cmd: 'a' }),
  text({ command: 'a', task: {} }),
  text({ command: 'a', id: 'mine' }),
  text({ command: 'a', state: 'SUCCEEDED' }),
  text({ task: { command: 'a' } }),
  text({ handler: 5 }),
  text({ handler: 'no_such_handler' }),
  text({ handler: 'no_such_handler', args: { x: 1 } }),
  text({ handler: '' }),
  text({ handler: '../tasks/panic' }),
  text({ handler: '__proto__', args: {} }),
  text({ handler: 'hello', command: 'a' }),
  text({ handler: 'hello', input: 'a' }),
  text({ handler: 'hello', env: { A: 'b' } }),
  text({ command: 'a', args: ['b'] }),
  `{"handler":"hello","args":${'['.repeat(200)}${']'.repeat(200)}}`,
  '{"handler":"hello","args":1e400}',
  text({ Records: [{ body: 'a' }] }),
  text({ Type: 'Notification', Message: 'a' }),
  text({ command: 'a', constructor: 'b' }),
  text({ command: 'a', ['toString']: 'b' }),
  text({ command: 'a', env: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`A${n}`, 'b'])) }),
  text({ argv: Array.from({ length: 4097 }, () => 'a') }),
  text({ command: 'cat', input: 'x'.repeat(270_000) }),
  `{"a":${nested('[', 5000)}${nested(']', 5000)}}`,
];

const ENVELOPE = { id: 't1', at: 1000, hash: 'h', content: { task: { command: 'true' } } };
/** Bodies of messages that say that they are envelopes of this version. */
const NO_ENVELOPE = [
  '',
  'echo hi',
  '{}',
  '[]',
  'null',
  '5',
  '"t1"',
  '{"id":"t1"',
  text([ENVELOPE]),
  ...Object.keys(ENVELOPE)
    .filter((field) => field !== 'content')
    .map((field) => text({ ...ENVELOPE, [field]: undefined })),
  ...[5, null, '', [], 'x'.repeat(201)].map((id) => text({ ...ENVELOPE, id })),
  ...['1000', null, -1, 1.5, 1e300].map((at) => text({ ...ENVELOPE, at })),
  ...[5, null, '', 'x'.repeat(129)].map((hash) => text({ ...ENVELOPE, hash })),
  ...[
    null,
    'a',
    5,
    [],
    {},
    { task: null },
    { task: { command: 5 } },
    { task: { colour: 1 } },
    { body: 5 },
  ].map((content) => text({ ...ENVELOPE, content })),
  ...['5', -1, 1.5, null].map((redriveOf) => text({ ...ENVELOPE, redriveOf })),
  ...['5', -1, null].map((notBefore) => text({ ...ENVELOPE, notBefore })),
  text({ ...ENVELOPE, redrivenAt: 'now' }),
  text({ ...ENVELOPE, colour: 'red' }),
  text({ ...ENVELOPE, v: 1 }),
];

const VERSIONS = [
  '0',
  '-1',
  '1.0',
  '01',
  '1e3',
  'one',
  'v1',
  ' 1',
  '1 ',
  '+1',
  '0x1',
  '9999999',
  'NaN',
  'null',
  '١',
  '🙂',
];

/** Everything that must become a FAILED task, its reason `invalid` and its body kept. */
export const BAD_MESSAGES: readonly BadMessage[] = [
  ...NO_JSON.map((body) => ({ why: 'says that it is JSON', body })),
  ...WRONG_FIELDS.map((body) => ({ why: 'has a wrong field', body })),
  ...NO_TASK.map((body) => ({ why: 'is no task', body })),
  ...[' ', '\n', '\t \n', 'x'.repeat(131_072), '\u3000'].map((body) => ({ why: 'is no command', body })),
  ...NO_ENVELOPE.map((body) => ({ why: 'is no envelope', body, version: '1' })),
  ...VERSIONS.map((version) => ({ why: 'is of no version', body: text(ENVELOPE), version })),
];
