import { STATEMENTS } from './systems/millrace-worker.ts';

/** How a run was called, for its results: with the one variable that changes what is measured. */
export function commandText(args: readonly string[], env: NodeJS.ProcessEnv): string {
  const statements = env[STATEMENTS];
  return [
    ...(statements ? [`${STATEMENTS}=${statements}`] : []),
    'npm run bench',
    ...(args.length > 0 ? ['--', ...args] : []),
  ].join(' ');
}
