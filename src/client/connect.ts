import process from 'node:process';
import { MillraceError } from '../core/errors.ts';
import { Client } from './client.ts';
import type { ClientOptions } from './api-requests.ts';

/** The entry of `millrace/client`: what programs import. */
export { defineTask, NonRetryableError, type TaskContext, type TaskDefinition } from '../core/define-task.ts';
export { MillraceError } from '../core/errors.ts';
export type { WorkflowView } from '../core/read-workflow.ts';
export type { TaskSpec } from '../core/task-spec.ts';
export type { TaskView } from '../core/task-view.ts';
export { call, fed, type Call, type CallSettings } from './call.ts';
export { Client, type EnqueueOptions, type TypedTask } from './client.ts';
export type { BatchAnswer, BatchOptions, RefusedItem } from './enqueue-batch.ts';
export { MillraceClient, type ClientOptions } from './millrace-client.ts';
export { TaskCancelledError, TaskFailedError } from './task-errors.ts';
export type { WorkflowHandle } from './workflow-handle.ts';

export interface ConnectOptions extends ClientOptions {
  /** `http://NAME:KEY@HOST:PORT` or `https://HOST`. Else MILLRACE_API_URL, else the local stack of this folder. */
  readonly url?: string;
  /** To sign for; else that in the name of the host, AWS_REGION, or the profile's. */
  readonly region?: string;
}

/**
 * A client of the Millrace that is named, or found. An `https` address without user info gets signed requests, with
 * the credentials that the AWS SDK finds; that part is loaded only then.
 * @throws MillraceError `unavailable` when there is none, or no region to sign for; `invalid_request` for an address
 */
export async function connect({ url, region, ...options }: ConnectOptions = {}): Promise<Client> {
  const address = url ?? (process.env['MILLRACE_API_URL'] || (await localStack()));
  if (options.fetch || !URL.canParse(address) || !wantsSignature(new URL(address)))
    return new Client(address, options);
  const { makeFetchFor } = await import('../aws/signing-fetch-for.ts');
  return new Client(address, { ...options, fetch: await makeFetchFor(address, process.env, region) });
}

function wantsSignature({ protocol, hostname, username }: URL): boolean {
  return username === '' && (protocol === 'https:' || hostname.split('.')[1] === 'execute-api');
}

async function localStack(): Promise<string> {
  const { findDataDir, isAlive, readStackFile } = await import('../local/stack-file.ts');
  const folder = findDataDir(process.cwd(), process.env);
  const stack = await readStackFile(folder);
  if (stack && (await isAlive(stack))) return stack.api;
  throw new MillraceError('unavailable', 'There is no Millrace to speak to.', {
    expected: 'an address, in `url` or in MILLRACE_API_URL, or a local stack that runs for this folder',
    got: stack ? `the stack of ${folder} does not answer` : `no stack runs here (looked in ${folder})`,
    hint: 'Start one with `npx millrace local --workers 1`, or set MILLRACE_API_URL to the API address of a deployed one.',
  });
}
