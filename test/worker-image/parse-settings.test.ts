import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { parseSettings, slotsOf, workerName } from '../../worker-image/parse-settings.ts';
import { programEnvironment, secretFaults, secretsOf } from '../../worker-image/program-environment.ts';

describe('what a container was started for', () => {
  it.each([
    [['mail', 'forever'], {}, { queue: 'mail', mode: 'forever' }],
    [['worker', 'mail', 'once', '--slots', '3'], {}, { queue: 'mail', mode: 'once', slots: 3 }],
    [['mail'], { MILLRACE_MODE: 'forever' }, { queue: 'mail', mode: 'forever' }],
    [['mail'], {}, { queue: 'mail', mode: 'until-empty' }],
    [
      [],
      { MILLRACE_QUEUE: 'mail', MILLRACE_MODE: 'once', MILLRACE_SLOTS: '9' },
      { queue: 'mail', mode: 'once', slots: 9 },
    ],
    [['mail', 'once', '--slots', '2'], { MILLRACE_SLOTS: '9' }, { slots: 2 }],
    [['mail', 'until-empty', '--idle-exit', '0'], {}, { idleExitMs: 0 }],
  ])('is read from %j and %j', (argv, env, expected) => {
    expect(parseSettings(argv, env)).toMatchObject(expected);
  });

  it.each([
    [[], 'expected a queue'],
    [['mail', 'sometimes'], 'expected a mode'],
    [['mail', 'once', 'more'], 'besides'],
    [['mail', 'once', '--slots', '0'], '--slots: expected a whole number from 1'],
    [['mail', 'once', '--slots', 'many'], '--slots'],
    [['mail', 'once', '--colour'], 'colour'],
  ])('is refused when it is %j', (argv, message) => {
    expect(() => parseSettings(argv, {})).toThrow(message);
  });

  it('has the slots of the queue’s definition where nothing else is told', () => {
    const definition = queueDefinitionSchema.parse({ name: 'mail', slots: 6 });
    expect(slotsOf(parseSettings(['mail', 'once', '--slots', '2'], {}), definition)).toBe(2);
    expect(slotsOf(parseSettings(['mail'], {}), definition)).toBe(6);
    expect(slotsOf(parseSettings(['mail'], {}), queueDefinitionSchema.parse({ name: 'mail' }))).toBe(4);
  });

  it('names the worker after its task in ECS', () => {
    const uri = 'http://169.254.170.2/v4/ee08638adaaf009d78c248913f629299-265927825';
    expect(workerName({ ECS_CONTAINER_METADATA_URI_V4: uri }, 'host')).toBe(
      'ee08638adaaf009d78c248913f629299',
    );
    expect(workerName({}, 'host')).toBe('host');
  });
});

describe('the environment of programs', () => {
  const definition = queueDefinitionSchema.parse({
    name: 'mail',
    environment: { GREETING: 'hello' },
    secretNames: ['TOKEN', 'PIN', 'GONE'],
  });
  const env = {
    PATH: '/opt/bin:/bin',
    HOME: '/root',
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x',
    ECS_AGENT_URI: 'http://169.254.170.2/api/x',
    MILLRACE_TABLE: 'table',
    TOKEN: 'secret-token',
    PIN: '123',
    OTHER: 'x',
  };

  it('is what the definition says, and PATH and language of the container', () => {
    expect(programEnvironment(definition, env)).toEqual({
      PATH: '/opt/bin:/bin',
      LANG: 'C.UTF-8',
      GREETING: 'hello',
      TOKEN: 'secret-token',
      PIN: '123',
    });
  });

  it('tells of secrets that are missing, or too short to be kept out of logs', () => {
    expect(secretsOf(definition, env)).toEqual({ TOKEN: 'secret-token', PIN: '123' });
    expect(secretFaults(definition, env)).toEqual({ missing: ['GONE'], short: ['PIN'] });
  });
});

describe('process-message', () => {
  const program = join(import.meta.dirname, '../../worker-image/process-message');
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-process-message-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes each message, whatever its bytes, to a file of its own with a random name', () => {
    const messages = [Buffer.from('hello\n'), Buffer.from([0, 255, 10, 13]), Buffer.alloc(0)];
    const files = messages.map((input) =>
      execFileSync(program, [join(folder, 'in')], { input })
        .toString()
        .trim(),
    );
    expect(new Set(files).size).toBe(3);
    expect(files.map((file) => readFileSync(file))).toEqual(messages);
    expect(readdirSync(join(folder, 'in'))).toHaveLength(3);
  });

  it('leaves the message to another attempt when it cannot write it, and explains itself', () => {
    expect(spawnSync(program, ['/proc/none'], { input: 'x' }).status).not.toBe(0);
    expect(spawnSync(program, [], { input: 'x' })).toMatchObject({ status: 2 });
    expect(spawnSync(program, ['-h']).status).toBe(0);
  });
});
