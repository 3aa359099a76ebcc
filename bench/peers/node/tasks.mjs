/** What the programs of the peers on Node share: how a task is run, and how its times are kept. */
import { execFile } from 'node:child_process';
import { openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Microseconds since 1970. */
export const nowUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

/** Runs a command with its output captured. Never rejects: an exit code is a result. */
export function runCommand(command) {
  return new Promise((resolve) => {
    const child = execFile('/bin/sh', ['-c', command], (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, stdout, stderr });
    });
  });
}

const nap = (ms) =>
  ms === 0 ? Promise.resolve(true) : new Promise((resolve) => setTimeout(() => resolve(true), ms));

/**
 * Runs tasks of a kind: their payload is a command, or how many ms a handler sleeps. One line a task in a file in
 * `folder`, its start and its end, always 34 bytes: a few microseconds, and counted by the file's size.
 */
export function makeRun(kind, folder) {
  const file = openSync(join(folder, `${process.pid}.times`), 'a');
  const work = kind === 'command' ? runCommand : nap;
  return async (payload) => {
    const start = nowUs();
    const result = await work(payload);
    writeSync(file, `${start} ${nowUs()}\n`);
    return result;
  };
}

/** The payloads that a producer is given: a line each. */
export function readPayloads(kind, file) {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return kind === 'command' ? lines : lines.map(Number);
}

/** Hands a producer's calls over to it, and tells the bench how long they took or when they began. */
export async function produce(how, payloads, periodMs, { bulk, one }) {
  if (how === 'bulk') {
    const begin = performance.now();
    await bulk(payloads);
    console.log(JSON.stringify({ ms: performance.now() - begin }));
    return;
  }
  const calledAt = [];
  const begin = performance.now();
  for (const [index, payload] of payloads.entries()) {
    const wait = begin + index * periodMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    calledAt.push(nowUs() / 1000);
    await one(payload);
  }
  console.log(JSON.stringify({ calledAt }));
}
