import { connect, type Socket } from 'node:net';
import type { EndReport, StartRequest } from './protocol.ts';
import { neverStarted, runProgram, toSpawnError, type RunHost, type RunningProgram } from './run-program.ts';

/**
 * Runs a program that speaks with the worker by itself. The spawner connects for it, since programs may be another
 * user than the worker and must not enter the folder of its sockets; the connection is handed to this program alone.
 */
export function runConnected(
  start: StartRequest,
  channel: string,
  sequence: number,
  host: RunHost,
): RunningProgram {
  const startedAt = performance.now();
  let program: RunningProgram | undefined;
  let graceMs: number | undefined;
  const running = open(channel)
    .then(
      (socket) => {
        try {
          return runProgram(start, sequence, host, socket);
        } finally {
          socket.destroy(); // the program holds its own copy, and the worker must see when it lets go of it
        }
      },
      (error: unknown) => neverStarted(toConnectError(start, error, startedAt)),
    )
    .then((made) => {
      program = made;
      if (graceMs !== undefined) program.kill(graceMs);
      return made;
    });
  return {
    ended: running.then(({ ended }) => ended),
    tidied: running.then(({ tidied }) => tidied),
    kill: (ms) => {
      if (program) program.kill(ms);
      else graceMs = Math.min(ms, graceMs ?? ms);
    },
    progress: () => program?.progress(),
  };
}

/** @throws what the system says: ENOENT, ECONNREFUSED when the worker listens no longer */
function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.pause(); // what the worker sends is the program's
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

function toConnectError(start: StartRequest, error: unknown, startedAt: number): EndReport {
  const end = toSpawnError(start, error, startedAt);
  return { ...end, spawnError: `no connection to the worker could be made: ${String(error)}` };
}
