import process from 'node:process';
import { MillraceError } from '../src/core/errors.ts';
import { runContainerWorker } from './container-worker.ts';

try {
  process.exitCode = await runContainerWorker(process.argv.slice(2), process.env);
} catch (error) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const about = error instanceof MillraceError ? { expected: error.expected, hint: error.hint } : { stack };
  process.stdout.write(
    `${JSON.stringify({ level: 60, time: Date.now(), ...about, msg: `this worker ends: ${message}` })}\n`,
  );
  process.exitCode = 1;
}
