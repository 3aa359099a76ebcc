import process from 'node:process';
import type { RunAs } from '../src/worker/spawner/protocol.ts';

/**
 * Who is who in the container. The spawner stays root, to be able to start programs as another user and to kill
 * them; it connects to nothing. The supervisor has the rights in AWS and may do nothing to the machine. Programs can
 * read the environment of neither.
 */
export const SUPERVISOR: RunAs = { uid: 10_001, gid: 10_001 };
export const PROGRAMS: RunAs = { uid: 10_002, gid: 10_002 };

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** For good: root is not to be had back. @throws when this process may not */
export function becomeSupervisor(): void {
  process.setgroups?.([]);
  process.setgid?.(SUPERVISOR.gid);
  process.setuid?.(SUPERVISOR.uid);
  if (process.getuid?.() !== SUPERVISOR.uid)
    throw new Error('expected to be another user than root from now on');
}
