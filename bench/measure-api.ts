import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFunction } from '../scripts/bundle-function.ts';
import { functionEnv, startLambdaStub } from '../test/support/function-env.ts';
import { LocalStack } from '../test/support/local-stack.ts';
import { endAll, run } from '../test/support/processes.ts';
import { httpEvent } from '../test/functions/events.ts';
import { median } from './median.ts';

/** Of the API's function as it is deployed; times are medians, in ms. */
export interface ApiFigures {
  /** All files of the bundle, minified. */
  readonly bytes: number;
  /** Of these, what the start and a task's requests load. */
  readonly loadedBytes: number;
  /** From the import of the bundle to its first statement: read, parse, link. */
  readonly loadMs: number;
  /** From there to a handler that is ready. */
  readonly initMs: number;
  /** The first POST of a task, with all that is done once. */
  readonly firstMs: number;
  /** CPU of the process per warm request. */
  readonly getCpuMs: number;
  readonly postCpuMs: number;
}

type Times = Readonly<Record<'loadMs' | 'initMs' | 'firstMs' | 'getMs' | 'postMs', number>>;

const MARK = 'globalThis.evaluatedAt ??= performance.now();\n';

/**
 * Builds the API's function and starts it so many times against a local stack in memory.
 * @param requests of each kind, for the CPU of a warm one
 */
export async function measureApi(starts = 15, requests = 1000): Promise<ApiFigures> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-api-'));
  const stack = await LocalStack.start(['--memory']);
  const lambda = await startLambdaStub();
  try {
    const folder = join(home, 'api');
    bundleFunction('api', folder);
    const bytes = await totalBytes(folder, await readdir(folder));
    const env = functionEnv(stack, lambda.url);
    const main = join(folder, 'main.mjs');
    const start = async (count: number): Promise<Times> => {
      const args = [join(import.meta.dirname, 'time-api.ts'), main, String(count)];
      return JSON.parse((await run(process.execPath, args, { env })).stdout) as Times;
    };
    const loadedBytes = await totalBytes(folder, await loadedByTasks(main, env));
    await markBeginnings(folder);
    await start(0); // the disk's cache
    const cold: Times[] = [];
    for (let nth = 0; nth < starts; nth += 1) cold.push(await start(0));
    const warm = [await start(requests), await start(requests), await start(requests)];
    return {
      bytes,
      loadedBytes,
      loadMs: median(cold.map(({ loadMs }) => loadMs)),
      initMs: median(cold.map(({ initMs }) => initMs)),
      firstMs: median(cold.map(({ firstMs }) => firstMs)),
      getCpuMs: median(warm.map(({ getMs }) => getMs)),
      postCpuMs: median(warm.map(({ postMs }) => postMs)),
    };
  } finally {
    await lambda.close();
    await stack.remove();
    await rm(home, { recursive: true, force: true });
  }
}

async function totalBytes(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The files that are loaded once a task was enqueued and read. */
async function loadedByTasks(main: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const body = '{"command":"true"}';
  const headers = { 'content-type': 'application/json' };
  const events = [
    httpEvent({ method: 'POST', path: '/v1/queues/default/tasks', headers, body }),
    httpEvent({ method: 'GET', path: '/v1/tasks/none' }),
  ];
  const fixture = join(import.meta.dirname, '../test/fixtures/function-process.ts');
  const { stdout } = await run(process.execPath, [fixture, main], { env, input: JSON.stringify(events) });
  const steps = JSON.parse(stdout) as { loaded: string[] }[];
  return steps.at(-1)?.loaded ?? [];
}

/** Each file notes when its first statement runs, unless one has before it. */
async function markBeginnings(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    await writeFile(path, MARK + (await readFile(path, 'utf8')));
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { starts: { type: 'string', default: '15' }, requests: { type: 'string', default: '1000' } },
  });
  const { bytes, loadedBytes, ...times } = await measureApi(Number(values.starts), Number(values.requests));
  const rows: [string, string][] = [
    ['bundle, all files', `${Math.round(bytes / 1000)} KB`],
    ['loaded for a task', `${Math.round(loadedBytes / 1000)} KB`],
    ['load', `${times.loadMs.toFixed(1)} ms`],
    ['init', `${times.initMs.toFixed(1)} ms`],
    ['first request', `${times.firstMs.toFixed(1)} ms`],
    ['CPU of a warm GET', `${times.getCpuMs.toFixed(2)} ms`],
    ['CPU of a warm POST', `${times.postCpuMs.toFixed(2)} ms`],
  ];
  process.stdout.write(rows.map(([what, figure]) => `${what.padEnd(20)}  ${figure}\n`).join(''));
  await endAll();
}
