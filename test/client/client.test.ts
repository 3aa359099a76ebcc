import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  call,
  Client,
  connect,
  defineTask,
  fed,
  TaskFailedError,
  type TypedTask,
} from '../../src/client/connect.ts';
import type { WorkflowHandle } from '../../src/client/workflow-handle.ts';
import type { Attempt, Outcome } from '../../src/core/attempt.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { makeApiUnderTest } from '../api/api-under-test.ts';
import { FAILURE, workOff } from '../fakes/memory-worker.ts';
import { ScriptedServer, taskReply } from './scripted-server.ts';

const add = defineTask({
  name: 'add',
  args: z.object({ x: z.number(), y: z.number().default(1) }),
  timeoutSeconds: 60,
  run: ({ x, y }) => x + y,
});
const sum = defineTask({
  name: 'sum',
  args: z.object({ of: z.array(z.number()), label: z.string().optional() }),
  run: ({ of, label = '' }) => `${label}${of.reduce((total, one) => total + one, 0)}`,
});

/** A client of an API in memory, whose tasks are run whenever it waits. */
function makeClient() {
  const api = makeApiUnderTest();
  const claimant = { ...api.worker(), settler: api.worker().settler };
  const ran: unknown[] = [];
  const outcomeOf = ({ message: { spec } }: Attempt): Outcome => {
    ran.push(spec);
    if (spec.command === 'false') return FAILURE;
    const done = { exitCode: 0, stdout: '', stderr: '' };
    if (spec.handler === 'add') {
      const { x, y = 1 } = spec.args as { x: number; y?: number };
      return { ...done, result: JSON.stringify(x + y) };
    }
    if (spec.handler === 'sum') {
      const { of } = spec.args as { of: number[] };
      return { ...done, result: JSON.stringify(String(of.reduce((total, one) => total + one, 0))) };
    }
    return { ...done, stdout: `${spec.command}\n` };
  };
  const run = async () => void (await workOff(claimant, outcomeOf));
  api.whilePaused = run;
  const client = new Client('http://millrace.test', {
    fetch: async (input, init) => api.app.request(new Request(input, init)),
  });
  return { api, client, ran, run };
}

describe('a task', () => {
  test('is enqueued by its definition, with its settings, and leaves what its handler returns', async () => {
    const { client, ran } = makeClient();
    const task = await client.enqueue(add, { x: 4, y: 10 }, { maxAttempts: 2, tenant: 'a' });
    expect(task).toMatchObject({ handler: 'add', args: { x: 4, y: 10 }, state: 'PENDING', maxAttempts: 2 });
    expect(await client.result(task)).toBe(14);
    expect(await client.result(task.id)).toBe(14);
    expect(ran).toEqual([
      { handler: 'add', args: { x: 4, y: 10 }, timeoutSeconds: 60, maxAttempts: 2, tenant: 'a' },
    ]);
    expect((await client.status(task.id)).state).toBe('SUCCEEDED');
  });

  test('runs, and gives its result', async () => {
    const { client } = makeClient();
    expect(await client.run(add, { x: 4 })).toBe(5);
  });

  test('is not sent with arguments that its definition does not take', async () => {
    const { api, client } = makeClient();
    const wrong = client.enqueue(add, { x: 'four' } as unknown as { x: number });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_task', message: /add does not take.*x: / });
    expect(api.state.messages.get('default') ?? []).toEqual([]);
  });

  test('is the same under the same key, and may be a command', async () => {
    const { client } = makeClient();
    const send = () => client.enqueue({ command: 'echo hi' }, { idempotencyKey: 'k', timeoutSeconds: 5 });
    expect((await send()).id).toBe((await send()).id);
    expect(await client.wait((await send()).id)).toMatchObject({ state: 'SUCCEEDED', stdout: 'echo hi\n' });
  });

  test('that FAILED, or was CANCELLED, is an error with the task in it', async () => {
    const { client } = makeClient();
    const task = await client.enqueue({ command: 'false' }, { maxAttempts: 1 });
    const error = await client.result(task).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ code: 'task_failed', reason: 'exit', task: { id: task.id, exitCode: 1 } });
    const other = await client.enqueue(add, { x: 1 });
    await client.cancel(other.id);
    await expect(client.result(other)).rejects.toMatchObject({ code: 'task_cancelled' });
  });

  test('that has not ended in time goes on', async () => {
    const { api, client } = makeClient();
    api.whilePaused = () => {};
    const task = await client.enqueue(add, { x: 1 });
    await expect(client.result(task, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    expect((await client.wait(task.id, { timeoutMs: 1 })).state).toBe('PENDING');
  });
});

describe('a batch', () => {
  async function* commands(count: number, seen?: (at: number) => void) {
    for (let at = 0; at < count; at += 1) {
      seen?.(at);
      yield at % 1000 === 7 ? { command: '' } : { command: `echo ${at}` };
    }
  }

  test('is streamed in chunks, its bad items told by their number, and goes on under its id', async () => {
    const { api, client } = makeClient();
    const seen: number[] = [];
    const options = {
      batch: 'b1',
      onProgress: ({ accepted }: { accepted: number }) => void seen.push(accepted),
    };
    const answer = await client.enqueueBatch(commands(2500), options);
    expect(answer).toMatchObject({ batch: 'b1', accepted: 2497, refusedMore: 0 });
    expect(answer.refused.map(({ item, code }) => [item, code])).toEqual(
      [7, 1007, 2007].map((item) => [item, 'invalid_task']),
    );
    expect(seen).toEqual([999, 1998, 2497]);
    const again = await client.enqueueBatch(commands(2500), { batch: 'b1' });
    expect(again.accepted).toBe(2497);
    expect(api.state.messages.get('default')).toHaveLength(2497);
  });

  test('takes calls and specs, and chunks of nothing but bad items', async () => {
    const { client } = makeClient();
    const items = [call(add, { x: 1 }), { command: 'echo' }];
    expect(await client.enqueueBatch(items)).toMatchObject({ accepted: 2, refused: [] });
    expect(await client.enqueueBatch([{ command: '' }])).toMatchObject({
      accepted: 0,
      refused: [{ item: 0 }],
    });
    expect(await client.enqueueBatch([])).toMatchObject({ accepted: 0 });
  });

  test('refuses an item that JSON cannot hold by its number, and takes the others', async () => {
    const { client } = makeClient();
    const cycle: { command: string; env?: unknown } = { command: 'echo' };
    cycle.env = cycle;
    const items = [{ handler: 'add', args: { x: 10n } }, cycle, () => 1, { command: 'echo' }];
    const answer = await client.enqueueBatch(items as never);
    expect(answer).toMatchObject({ accepted: 1, refused: [{ item: 0 }, { item: 1 }, { item: 2 }] });
  });

  test('bounds the bytes of a chunk', async () => {
    const { api, client } = makeClient();
    const long = Array.from({ length: 8 }, () => ({ command: 'x'.repeat(100_000) }));
    expect((await client.enqueueBatch(long, { batch: 'b2' })).accepted).toBe(8);
    expect(api.state.batches.get('b2')).toMatchObject({ total: 8, upTo: 3 });
  });

  test('reads no further ahead than its requests allow, and stops with its signal', async () => {
    const stop = new AbortController();
    let [read, under, most] = [0, 0, 0];
    const client = new Client('http://millrace.test', {
      patienceMs: 0,
      fetch: async () => {
        most = Math.max(most, (under += 1));
        await new Promise((resolve) => setImmediate(resolve));
        under -= 1;
        // One chunk is read while the others are under way, and no more.
        expect(read).toBeLessThanOrEqual((requests += 1) * 1000 + 3000);
        if (requests === 5) stop.abort(new Error('enough'));
        return Response.json({ accepted: 1000, refused: [] });
      },
    });
    let requests = 0;
    const items = commands(1_000_000, (at) => (read = at));
    await expect(client.enqueueBatch(items, { concurrency: 2, signal: stop.signal })).rejects.toThrow(
      'enough',
    );
    expect(most).toBe(2);
  });

  test('stops with its signal while it waits for an item that never comes', async () => {
    const { api, client } = makeClient();
    const stop = new AbortController();
    async function* items() {
      yield { command: 'echo' };
      stop.abort(new Error('enough'));
      await new Promise(() => {});
    }
    await expect(client.enqueueBatch(items(), { signal: stop.signal })).rejects.toThrow('enough');
    expect(api.state.messages.get('default') ?? []).toEqual([]);
  });
});

describe('chains and sets', () => {
  test('a chain hands on what each step left', async () => {
    const { client, ran } = makeClient();
    const chain = await client.chain([call(add, { x: 1, y: 2 }), fed(add, { args: { y: 10 }, into: 'x' })]);
    expect(await chain.result()).toBe(13);
    expect(ran[1]).toMatchObject({ args: { x: 3, y: 10 } });
    expect(await chain.status()).toMatchObject({ kind: 'chain', state: 'SUCCEEDED' });
  });

  test('a set calls back with the results of all', async () => {
    const { client } = makeClient();
    const members = [1, 2, 3].map((x) => call(add, { x }));
    const set = await client.set(members, { then: fed(sum, { into: 'of' }), idempotencyKey: 'k' });
    expect(await set.result()).toBe('9');
    const again = await client.set(members, { then: fed(sum, { into: 'of' }), idempotencyKey: 'k' });
    expect(again.id).toBe(set.id);
    expect(await client.workflow(set.id).wait()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('one that fails tells which task did', async () => {
    const { client } = makeClient();
    const chain = await client.chain([{ command: 'false', maxAttempts: 1 }, { command: 'true' }]);
    await expect(chain.result()).rejects.toMatchObject({
      code: 'task_failed',
      reason: 'exit',
      task: { id: `${chain.id}.1` },
      workflow: { state: 'FAILED' },
    });
    const set = await client.set([{ command: 'false', maxAttempts: 1 }], { then: { command: 'true' } });
    await expect(set.result()).rejects.toMatchObject({ code: 'task_failed', message: /set/ });
  });

  test('one that is cancelled, or not there in time, is an error', async () => {
    const { api, client } = makeClient();
    api.whilePaused = () => {};
    const chain = await client.chain([{ command: 'true' }, { command: 'true' }]);
    await expect(chain.result({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    expect((await chain.cancel()).state).toBe('CANCELLED');
    await expect(chain.result()).rejects.toMatchObject({
      code: 'task_cancelled',
      task: { id: `${chain.id}.1` },
    });
  });
});

test('types come from the definitions', () => {
  const { client } = makeClient();
  const typed = () => {
    expectTypeOf(client.run(add, { x: 1 })).resolves.toEqualTypeOf<number>();
    expectTypeOf(client.enqueue(sum, { of: [] })).resolves.toEqualTypeOf<TypedTask<string>>();
    expectTypeOf(
      client.enqueue(add, { x: 1 }).then((task) => client.result(task)),
    ).resolves.toEqualTypeOf<number>();
    expectTypeOf(client.result('id')).resolves.toBeUnknown();
    expectTypeOf(client.enqueue({ command: 'x' })).resolves.toExtend<TaskView>();
    expectTypeOf(client.chain([{ command: 'x' }, fed(sum, { into: 'of' })])).resolves.toEqualTypeOf<
      WorkflowHandle<string>
    >();
    expectTypeOf(client.set([call(add, { x: 1 })], { then: fed(add) })).resolves.toEqualTypeOf<
      WorkflowHandle<number>
    >();
    // @ts-expect-error: x is a number
    void client.run(add, { x: '1' });
    // @ts-expect-error: there is no such argument
    fed(sum, { into: 'off' });
    // @ts-expect-error: a chain has a step
    void client.chain([]);
  };
  expect(typed).toBeTypeOf('function');
});

describe('connect', () => {
  let server: ScriptedServer | undefined;
  afterEach(async () => {
    delete process.env['MILLRACE_API_URL'];
    delete process.env['MILLRACE_DATA'];
    await server?.stop();
  });

  test('takes the address that it is given, or that of the environment', async () => {
    server = await ScriptedServer.start(() => taskReply('t', 'SUCCEEDED'));
    expect((await (await connect({ url: server.url })).status('t')).id).toBe('t');
    process.env['MILLRACE_API_URL'] = server.url;
    expect((await (await connect()).status('t')).id).toBe('t');
    expect(server.received[0]?.headers.authorization).toMatch(/^Basic /);
  });

  test('signs for an https address without a key, and says when it knows no region', async () => {
    const asked: Request[] = [];
    const own = await connect({
      url: 'https://api.example.org',
      fetch: async (input, init) => {
        asked.push(new Request(input, init));
        return Response.json({});
      },
    });
    await own.status('t');
    expect(asked).toHaveLength(1);
    const { AWS_REGION: region } = process.env;
    process.env['AWS_REGION'] = 'eu-west-1';
    expect(await connect({ url: 'https://api.example.org' })).toBeInstanceOf(Client);
    if (region === undefined) delete process.env['AWS_REGION'];
    else process.env['AWS_REGION'] = region;
  });

  test('says what it looked for when there is none', async () => {
    process.env['MILLRACE_DATA'] = '/nowhere/millrace';
    await expect(connect()).rejects.toMatchObject({ code: 'unavailable', got: /nowhere/ });
    await expect(connect({ url: 'not an address' })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
