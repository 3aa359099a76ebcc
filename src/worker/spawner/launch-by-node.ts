import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Launched, LeaderEnd } from './launched.ts';
import type { OutputPipe } from './output-pipes.ts';
import type { StartRequest } from './protocol.ts';
import { removeRunFolder } from './remove-folder.ts';
import { makeRunFolder, openInput, toArgv, toProgramEnv, type RunFolder } from './run-folder.ts';
import type { Scratch } from './scratch.ts';

/**
 * Starts a program in a folder, session and process group of its own, with nothing of the spawner's but
 * its three standard streams, and `channel` as its descriptor 3. Leaves nothing behind if it throws.
 * @throws what the file system or Node's `spawn` throws (Node throws some errors and emits others)
 */
export function launchByNode(
  scratch: Scratch,
  folderName: string,
  start: StartRequest,
  channel?: Socket,
): Launched {
  const { child, folder, stdout, stderr } = scratch.retrying(() =>
    spawnInFolder(scratch, folderName, start, channel),
  );
  return {
    folder,
    stdout: new Socket({ fd: stdout.readFd, readable: true, writable: false }),
    stderr: new Socket({ fd: stderr.readFd, readable: true, writable: false }),
    started:
      child.pid === undefined
        ? once(child, 'error').then(([error]) => Promise.reject(error as Error))
        : Promise.resolve({ pid: child.pid }),
    ended: child.pid === undefined ? new Promise(() => {}) : endOf(child),
    tidy: async ({ stdoutEnded, stderrEnded }) => {
      scratch.pipes.giveBack(stdout.path, stdoutEnded);
      scratch.pipes.giveBack(stderr.path, stderrEnded);
      await removeRunFolder(folder, scratch.owner);
    },
  };
}

async function endOf(child: ChildProcess): Promise<LeaderEnd> {
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { exitCode, signal };
}

interface Spawned {
  child: ChildProcess;
  folder: RunFolder;
  stdout: OutputPipe;
  stderr: OutputPipe;
}

function spawnInFolder(
  scratch: Scratch,
  folderName: string,
  start: StartRequest,
  channel: Socket | undefined,
): Spawned {
  const pipes: OutputPipe[] = [];
  const programEnds: number[] = [];
  let folder: RunFolder | undefined;
  try {
    folder = makeRunFolder(scratch.root, folderName, scratch.owner);
    const openPipe = (): OutputPipe => {
      const pipe = scratch.pipes.open();
      pipes.push(pipe);
      programEnds.push(pipe.writeFd);
      return pipe;
    };
    const stdout = openPipe();
    const stderr = openPipe();
    let stdin: number | 'ignore' = 'ignore';
    if (start.input !== undefined && start.input !== '') {
      stdin = openInput(folder, start.input, scratch.owner);
      programEnds.push(stdin);
    }
    const [file = '', ...args] = toArgv(start.program);
    const child = spawn(file, args, {
      cwd: folder.work,
      env: toProgramEnv(start.env, folder),
      detached: true,
      stdio: [stdin, stdout.writeFd, stderr.writeFd, ...(channel ? [channel] : [])],
      ...scratch.owner,
    });
    return { child, folder, stdout, stderr };
  } catch (error) {
    for (const pipe of pipes) {
      closeSync(pipe.readFd);
      scratch.pipes.giveBack(pipe.path, true);
    }
    if (folder) rmSync(folder.path, { recursive: true, force: true });
    throw error;
  } finally {
    // The program holds its own copies, and its outputs end only when no other writer is left.
    for (const fd of programEnds) closeSync(fd);
  }
}
