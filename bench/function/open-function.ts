import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { bundleFunction } from '../../scripts/bundle-function.ts';
import { httpEvent } from '../../test/functions/events.ts';
import { functionEnv, startLambdaStub } from '../../test/support/function-env.ts';
import { LocalStack } from '../../test/support/local-stack.ts';
import { mustRun } from '../install/cache-folder.ts';
import type { FunctionTimes } from './time-api.ts';

/** The API's function as it is deployed, against a local stack in memory. */
export interface BuiltFunction {
  /** All files of the bundle, minified. */
  readonly bytes: number;
  /** Of these, what the start and a task's requests load. */
  readonly loadedBytes: number;
  /** Starts it in a process of its own. @param requests of each kind that are sent for the CPU of a warm one, or none */
  readonly start: (requests: number) => Promise<FunctionTimes>;
  readonly close: () => Promise<void>;
}

const TIME_API = join(import.meta.dirname, 'time-api.ts');
const FUNCTION_PROCESS = join(import.meta.dirname, '../../test/fixtures/function-process.ts');
const MARK = 'globalThis.evaluatedAt ??= performance.now();\n';

/** @param folder for the bundle */
export async function openFunction(folder: string): Promise<BuiltFunction> {
  const stack = await LocalStack.start(['--memory']);
  const lambda = await startLambdaStub();
  const close = async (): Promise<void> => {
    await lambda.close();
    await stack.remove();
  };
  try {
    bundleFunction('api', folder);
    const bytes = await totalBytes(folder, await readdir(folder));
    const main = join(folder, 'main.mjs');
    const env = functionEnv(stack, lambda.url);
    const runNode = (args: readonly string[], input = '') => mustRun(process.execPath, args, { env, input });
    const loaded = JSON.parse(await runNode([FUNCTION_PROCESS, main], taskRequests())) as {
      loaded: string[];
    }[];
    const loadedBytes = await totalBytes(folder, loaded.at(-1)?.loaded ?? []);
    await markBeginnings(folder);
    const start = async (requests: number) =>
      JSON.parse(await runNode([TIME_API, main, String(requests)])) as FunctionTimes;
    await start(0); // the disk's cache
    return { bytes, loadedBytes, start, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function totalBytes(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A task is enqueued and one is read: after that all is loaded that tasks need. */
function taskRequests(): string {
  const body = '{"command":"true"}';
  const headers = { 'content-type': 'application/json' };
  return JSON.stringify([
    httpEvent({ method: 'POST', path: '/v1/queues/default/tasks', headers, body }),
    httpEvent({ method: 'GET', path: '/v1/tasks/none' }),
  ]);
}

/** Each file notes when its first statement runs, unless one has before it. */
async function markBeginnings(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    await writeFile(path, MARK + (await readFile(path, 'utf8')));
  }
}
