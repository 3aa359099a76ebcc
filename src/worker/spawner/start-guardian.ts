import { type ChildProcess, spawn } from 'node:child_process';
import { RESULT_VARIABLE } from './run-folder.ts';

/** What the worker needs, beyond the grace, to clear up after its spawner if it still lives. */
const MARGIN_SECONDS = 1;

/**
 * Waits for the end of the spawner, which alone holds its STDIN; then kills whatever still has a result
 * file in the spawner's folder, and the folder. It ignores what a terminal or `pkill` sends to all.
 */
const SCRIPT = `
trap '' INT TERM HUP
read -r _
sleep "$WAIT"
for round in 1 2 3 4 5; do
  found=
  for file in $(grep -lsF -- "$NAME=$ROOT/" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    kill -9 "\${pid%/environ}" && found=1
  done
  [ "$found" ] || break
done
rm -rf -- "$ROOT"
`;

/**
 * Starts a shell that ends the programs when worker and spawner are killed in the same moment, as by
 * `killall -9 node`: neither could do it for the other then. Kill it before a tidy exit.
 */
export function startGuardian(root: string, orphanGraceMs: number): ChildProcess {
  const guardian = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      NAME: RESULT_VARIABLE,
      ROOT: root,
      WAIT: String(Math.ceil(orphanGraceMs / 1000) + MARGIN_SECONDS),
    },
  });
  // Programs run without it too: what it guards against takes two deaths at once.
  guardian.on('error', (error) => process.stderr.write(`millrace spawner: no guardian: ${error.message}\n`));
  guardian.stdin?.on('error', () => {});
  return guardian;
}
