/**
 * The process in which handlers run, started by a worker through its spawner: loads the definitions of a folder,
 * then calls one handler at a time, as the worker tells it over its descriptor 3.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as nodeModule from 'node:module';
import { Socket } from 'node:net';
import process from 'node:process';
import { FrameReader } from '../spawner/frames.ts';
import { boundMemory } from './host/bound-memory.ts';
import { callHandler, toFailure, toStack } from './host/call-handler.ts';
import { captureOutput } from './host/capture-output.ts';
import { CurrentCall } from './host/current-call.ts';
import { Environment } from './host/environment.ts';
import { GlobalWatch } from './host/global-watch.ts';
import { HostChannel } from './host/host-channel.ts';
import { loadDefinitions } from './host/load-definitions.ts';
import {
  FromHost,
  ToHost,
  type AbortBody,
  type CallBody,
  type HostSettings,
  type ReadyBody,
} from './host-messages.ts';

const WORKER_FD = 3;

const settings = JSON.parse(process.argv[2] ?? '{}') as HostSettings;
if (settings.compileCache !== undefined) nodeModule.enableCompileCache?.(settings.compileCache);
const home = process.cwd();
const channel = new HostChannel();
/** Which call's code is running: what one has left behind must not count as the next one's. */
const calls = new AsyncLocalStorage<CurrentCall>();
let current: CurrentCall | undefined;

captureOutput(channel, () => (calls.getStore() ?? current)?.id ?? 0);
const worker = new Socket({ fd: WORKER_FD, readable: true, writable: false });
worker.on('error', () => process.exit(0));
worker.on('close', () => process.exit(0));

const { definitions, faults } = await loadDefinitions(settings.tasksDir, (file) =>
  channel.send(FromHost.loading, 0, file),
);
if (faults.length > 0) {
  channel.send(FromHost.refused, 0, JSON.stringify(faults));
  process.exit(1);
}
// Only now: while it loads, an error is to end it, and its text to be on STDERR.
process.on('uncaughtException', onFault);
process.on('unhandledRejection', onFault);
boundMemory(settings.memoryMiB);
const globals = new GlobalWatch();
const environment = new Environment();
const handlers = [...definitions.values()].map(({ name, timeoutSeconds, maxAttempts }) => ({
  name,
  timeoutSeconds,
  maxAttempts,
}));
channel.send(FromHost.ready, 0, JSON.stringify({ pid: process.pid, handlers } satisfies ReadyBody));

const reader = new FrameReader();
worker.on('data', (piece: Buffer) => {
  reader.push(piece);
  for (let frame = reader.next(); frame; frame = reader.next()) {
    if (frame.kind === ToHost.call) start(frame.run, JSON.parse(frame.body.toString()) as CallBody);
    else if (frame.kind === ToHost.abort && current?.id === frame.run)
      current.abort((JSON.parse(frame.body.toString()) as AbortBody).cause);
  }
});

function start(id: number, body: CallBody): void {
  environment.set(body);
  if (process.cwd() !== home) process.chdir(home);
  const call = new CurrentCall(id, body, channel, globals);
  current = call;
  const definition = definitions.get(body.handler);
  // The worker asked for the names; a file was taken away since.
  if (!definition)
    return call.failed({ reason: 'error', error: `there is no handler ${body.handler} any more` });
  calls.run(call, () => void callHandler(definition, body.args, call));
}

/** Nobody caught it. Whose it is tells whether a call fails by it; the process is not used again either way. */
function onFault(error: unknown): void {
  const call = calls.getStore() ?? current;
  if (call && !call.isOver) call.failed({ ...toFailure(error), isBroken: true }, toStack(error));
  else channel.send(FromHost.fault, 0, toStack(error));
}
