import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { buildFunctions } from '../scripts/bundles.ts';
import { cleanEnv, LocalStack } from '../test/support/local-stack.ts';
import { endAll } from '../test/support/processes.ts';
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
const run = promisify(execFile);

/**
 * Builds the API's function and starts it so many times against a local stack in memory.
 * @param requests of each kind, for the CPU of a warm one
 */
export async function measureApi(starts = 15, requests = 1000): Promise<ApiFigures> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-api-'));
  const stack = await LocalStack.start(['--memory']);
  const lambda = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(202).end());
  });
  try {
    await buildFunctions(home);
    const folder = join(home, 'api');
    const bytes = await totalBytes(folder);
    await markBeginnings(folder);
    lambda.listen(0, '127.0.0.1');
    await once(lambda, 'listening');
    const env = functionEnv(stack, `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`);
    const start = async (count: number): Promise<Times> => {
      const args = [join(import.meta.dirname, 'time-api.ts'), join(folder, 'main.mjs'), String(count)];
      return JSON.parse((await run(process.execPath, args, { env })).stdout) as Times;
    };
    await start(0); // the disk's cache
    const cold: Times[] = [];
    for (let nth = 0; nth < starts; nth += 1) cold.push(await start(0));
    const warm = [await start(requests), await start(requests), await start(requests)];
    return {
      bytes,
      loadedBytes: bytes,
      loadMs: median(cold.map(({ loadMs }) => loadMs)),
      initMs: median(cold.map(({ initMs }) => initMs)),
      firstMs: median(cold.map(({ firstMs }) => firstMs)),
      getCpuMs: median(warm.map(({ getMs }) => getMs)),
      postCpuMs: median(warm.map(({ postMs }) => postMs)),
    };
  } finally {
    lambda.closeAllConnections();
    lambda.close();
    await stack.remove();
    await rm(home, { recursive: true, force: true });
  }
}

/** What the stack sets, and where its services are here. */
function functionEnv(stack: LocalStack, lambdaUrl: string): NodeJS.ProcessEnv {
  const key = new URL(stack.ready.api).password;
  return {
    ...cleanEnv(stack.data),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: key,
    AWS_SECRET_ACCESS_KEY: key,
    AWS_ENDPOINT_URL_SQS: stack.ready.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: stack.ready.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
    MILLRACE_TABLE: 'millrace',
    MILLRACE_QUEUES: JSON.stringify([{ name: 'default' }]),
    MILLRACE_QUEUE_PREFIX: 'millrace-',
    MILLRACE_LAUNCHER_FUNCTION: 'launcher',
    MILLRACE_SCHEDULER: JSON.stringify({ group: 'none', roleArn: 'none', deadLetterArn: 'none' }),
  };
}

async function totalBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
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
