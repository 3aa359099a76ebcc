import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { OutputPipe } from './output-pipes.ts';
import type { StartRequest } from './protocol.ts';
import { makeRunFolder, openInput, type RunFolder, toProgramEnv } from './run-folder.ts';
import type { Scratch } from './scratch.ts';

/** A process that may yet report that it could not be started (`error`, and no pid). */
export interface Launched {
  child: ChildProcess;
  folder: RunFolder;
  stdout: OutputPipe;
  stderr: OutputPipe;
}

/**
 * Starts a program in a folder, session and process group of its own, with nothing of the spawner's but
 * its three standard streams, and `channel` as its descriptor 3. Leaves nothing behind if it throws.
 * @throws what the file system or Node's `spawn` throws (Node throws some errors and emits others)
 */
export function launch(
  scratch: Scratch,
  folderName: string,
  start: StartRequest,
  channel?: Socket,
): Launched {
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
    const [file = '', ...args] =
      'command' in start.program ? ['/bin/sh', '-c', start.program.command] : start.program.argv;
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
