import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTaskLog, parseLogLine } from '../../src/aws/read-logs.ts';
import { ScriptedServer, type Received } from '../client/scripted-server.ts';
import { ACCESS_KEY, SECRET_KEY } from './signature.ts';

const credentials = async () => ({ accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY });
const access = { region: 'eu-west-1', credentials };
const place = { logGroup: 'workers', queue: 'default', taskId: 't1', sinceMs: 1_000_000 };
const never = new AbortController().signal;

const line = (msg: string, more: object = {}) =>
  JSON.stringify({ level: 30, taskId: 't1', stream: 'stdout', msg, ...more });
const event = (eventId: string, timestamp: number, message: string) => ({ eventId, timestamp, message });

describe('the log of a task', () => {
  let server: ScriptedServer;
  const asked = () =>
    server.received.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);

  beforeEach(async () => {
    server = await ScriptedServer.start(() => ({ json: { events: [] } }));
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${server.port}`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  test('asks for the lines of the task’s queue that name the task, since it was made', async () => {
    await openTaskLog(place, access).next(never);
    expect(asked()).toEqual([
      {
        logGroupName: 'workers',
        logStreamNamePrefix: 'default/',
        filterPattern: '"t1"',
        startTime: 1_000_000,
      },
    ]);
  });

  test('reads every page, also behind an empty one, and puts the lines in the order of their time', async () => {
    const pages = [
      { events: [event('3', 1_000_300, line('three', { stream: 'stderr' }))], nextToken: 'a' },
      { events: [], nextToken: 'b' },
      { events: [event('1', 1_000_100, line('one')), event('2', 1_000_200, line('two'))] },
    ];
    server.script = (_, nth) => ({ json: pages[nth - 1] });
    expect(await openTaskLog(place, access).next(never)).toEqual([
      { stream: 'stdout', text: 'one' },
      { stream: 'stdout', text: 'two' },
      { stream: 'stderr', text: 'three' },
    ]);
    expect(asked().map(({ nextToken }) => nextToken)).toEqual([undefined, 'a', 'b']);
  });

  test('gives each line once, and a late one that is older than the last', async () => {
    const first = event('1', 1_060_000, line('one'));
    const late = event('0', 1_050_000, line('late'));
    server.script = (_, nth) => ({ json: { events: nth === 1 ? [first] : [late, first] } });
    const log = openTaskLog(place, access);
    expect(await log.next(never)).toEqual([{ stream: 'stdout', text: 'one' }]);
    expect(await log.next(never)).toEqual([{ stream: 'stdout', text: 'late' }]);
    expect(asked()[1]).toMatchObject({ startTime: 1_045_000 });
  });

  test('says what it could not read', async () => {
    server.script = (_: Received) => ({
      status: 400,
      json: { __type: 'AccessDeniedException', message: 'not you' },
    });
    await expect(openTaskLog(place, access).next(never)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('workers') as string,
      got: 'not you',
    });
  });
});

test.each([
  ['the worker’s own words about the task', line('task SUCCEEDED', { stream: undefined })],
  ['the output of another task that names this one', line('t1', { taskId: 't2' })],
  ['what is no JSON', 'Started t1'],
  ['what is no object', '"t1"'],
])('%s are no output of it', (_, message) => {
  expect(parseLogLine(message, 't1')).toBeUndefined();
});
