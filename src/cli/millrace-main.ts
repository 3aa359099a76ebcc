import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { Interrupted, type CliContext } from './context.ts';
import { runCli } from './run-cli.ts';

const interruption = new AbortController();
let isListening = false;

function interrupt(): AbortSignal {
  if (!isListening) {
    isListening = true;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const reason = new Interrupted(signal);
        if (interruption.signal.aborted) process.exit(reason.exitCode);
        interruption.abort(reason);
      });
    }
  }
  return interruption.signal;
}

/** The version in the nearest package.json above: this file is in src/cli of a checkout, or in dist of the package. */
function readVersion(folder: string): string {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return manifest.version;
  } catch (error) {
    const parent = dirname(folder);
    if (parent === folder) throw error;
    return readVersion(parent);
  }
}

// `millrace … | head`: who reads has seen enough. That is no error, and there is nobody to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? 0);
});
// Messages are lost with their reader; the work goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const context: CliContext = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  version: readVersion(import.meta.dirname),
  nodeVersion: process.versions.node,
  commandLine: { program: process.execPath, args: process.argv.slice(1, 2) },
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupt,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

await runCli(context);
