/**
 * One run, under a leash that chaos-main.ts or a test holds: whatever becomes of the holder, all ends that was
 * started here. SIGTERM ends the run, and clears up.
 */
import process from 'node:process';
import { parseOptions } from './options.ts';
import { makePlan } from './plan.ts';
import { toReport } from './report.ts';
import { runChaos } from './run-chaos.ts';

const options = parseOptions(process.argv.slice(2), () => 1);
if (typeof options === 'string') throw new Error(options);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}
try {
  const result = await runChaos(makePlan(options), options, stop.signal);
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : toReport(result));
  process.exitCode = result.violations.length > 0 ? 1 : 0;
} catch (error) {
  process.exitCode = stop.signal.aborted ? 130 : 1;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(stop.signal.aborted ? 'stopped; all of it is ended\n' : `${text}\n`);
}
