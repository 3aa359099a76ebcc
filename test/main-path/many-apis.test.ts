import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanEnv, LocalStack } from '../support/local-stack.ts';
import { endAll, start, until } from '../support/processes.ts';

/** More of them by hand: `MILLRACE_TEST_CALLS=5000 npx vitest run test/main-path/many-apis.test.ts` */
const CALLS = Number(process.env['MILLRACE_TEST_CALLS'] ?? 300);
const APIS = 4;
const WORKERS = 3;
const CALLERS = 16;
const WATCHERS = 4;

interface Status {
  readonly id: string;
  readonly result: number | null;
  readonly status: string;
}

describe('one queue behind four APIs, as many processes', { timeout: 300_000 }, () => {
  let stack: LocalStack;
  let apis: string[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start(['--memory']);
    const { stdout } = await stack.cli(['env', '--json']);
    const env = { ...cleanEnv(stack.data), ...(JSON.parse(stdout) as Record<string, string>) };
    const processes = Array.from({ length: APIS }, () =>
      start(process.execPath, [join(import.meta.dirname, '../fixtures/api-process.ts')], { env }),
    );
    apis = await Promise.all(
      processes.map((api) =>
        until('an API to listen', () => /^http\S+/.exec(api.stdout())?.[0] ?? fail(api.stderr())),
      ),
    );
    for (let worker = 0; worker < WORKERS; worker += 1) stack.startCli(['work', 'default', 'forever']);
  });
  afterAll(async () => {
    await endAll();
    await stack.remove();
  });

  test('each tells the status of every call rightly at any moment, and every result is right', async () => {
    const sums = new Map<string, number>();
    const open = new Set<string>();
    const done: string[] = [];
    const isDone = new Set<string>();
    const wrong: string[] = [];
    let asked = 0;

    /** Asks one of the APIs, not the one that took the call in particular. */
    const look = async (id: string): Promise<void> => {
      const wasDone = isDone.has(id);
      const seen = await request<Status>(pick(apis, asked++), `/task/status/${id}`);
      if (wasDone && seen.status !== 'SUCCESS') wrong.push(`${id}: ${seen.status} after SUCCESS`);
      if (seen.status === 'SUCCESS') {
        if (seen.result !== sums.get(id)) wrong.push(`${id}: ${seen.result} instead of ${sums.get(id)}`);
        if (open.delete(id)) done.push(id);
        isDone.add(id);
      } else if (!['PENDING', 'STARTED'].includes(seen.status)) wrong.push(`${id}: ${seen.status}`);
    };
    let next = 0;
    const call = async (): Promise<void> => {
      for (let n = next++; n < CALLS; n = next++) {
        const args = { x: n, y: 2 * n, seconds: 0 };
        const { task } = await request<{ task: Status }>(pick(apis, n), '/task/delayed_add', args);
        sums.set(task.id, 3 * n);
        open.add(task.id);
      }
    };
    const watch = async (seed: number): Promise<void> => {
      for (let turn = seed; done.length < CALLS && wrong.length === 0; turn += 1) {
        const [oldestOpen] = open;
        // In turn: one that is open, the newest of those that are done, any of those that are done.
        const id = pick([oldestOpen, done.at(-1), pick(done, turn * 104_729)], turn);
        if (id !== undefined) await look(id);
        else await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([
      ...Array.from({ length: CALLERS }, call),
      ...Array.from({ length: WATCHERS }, (_, seed) => watch(seed)),
    ]);
    expect(wrong).toEqual([]);
    expect([sums.size, done.length]).toEqual([CALLS, CALLS]);
    for (const id of sums.keys()) await look(id);
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(2 * CALLS);
  });
});

function pick<T>(from: readonly T[], at: number): T {
  return from[at % Math.max(1, from.length)] as T;
}

function fail(stderr: string): undefined {
  if (stderr !== '') throw new Error(stderr);
  return undefined;
}

async function request<T>(api: string, path: string, args?: object): Promise<T> {
  const response = await fetch(`${api}${path}`, {
    ...(args && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(args),
    }),
  });
  if (response.status !== 200)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
