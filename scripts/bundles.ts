import { build, type BuildOptions } from 'esbuild';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTaskFiles } from '../src/worker/handlers/task-files.ts';
import { STARTER_FILES } from '../src/worker/spawner/starter/find-starter.ts';
import { bundleFunction } from './bundle-function.ts';
import { DIST, ROOT } from './paths.ts';

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
} satisfies BuildOptions;

/** Of the machines that install the package: see `engines`. */
const INSTALLED = { ...COMMON, target: 'node22.18', packages: 'external' } satisfies BuildOptions;

/**
 * `dist/cli.js`: a command loads the chunks that it needs. Spawner and handler host are programs of
 * their own beside it, and so is what the starter is built of when a worker first runs.
 */
export async function buildCli(): Promise<void> {
  await build({
    ...INSTALLED,
    entryPoints: {
      cli: 'src/cli/millrace-main.ts',
      'spawner-main': 'src/worker/spawner/spawner-main.ts',
      'handler-host-main': 'src/worker/handlers/handler-host-main.ts',
    },
    outdir: DIST,
    chunkNames: 'chunks-[hash]',
    splitting: true,
  });
  for (const file of STARTER_FILES)
    copyFileSync(join(ROOT, 'src/worker/spawner/starter', file), join(DIST, file));
}

/** What programs import as `millrace`, `millrace/client`, `millrace/signing-fetch` and `millrace/tasks`. */
export async function buildClient(): Promise<void> {
  await build({
    ...INSTALLED,
    entryPoints: {
      client: 'src/client/connect.ts',
      'signing-fetch': 'src/aws/signing-fetch.ts',
      'define-task': 'src/core/define-task.ts',
    },
    outdir: DIST,
    chunkNames: 'client-[hash]',
    splitting: true,
  });
}

/** The handlers that come along, in `dist/tasks`: what a worker has that finds no others. */
export async function buildTasks(): Promise<void> {
  await build({ ...INSTALLED, entryPoints: findTaskFiles(join(ROOT, 'tasks')), outdir: join(DIST, 'tasks') });
}

/** The construct, for CDK apps: it finds functions, worker image and what bundles an app's handlers beside itself. */
export async function buildInfra(): Promise<void> {
  for (const entry of ['infra/millrace.ts', 'worker-image/bundle-tasks.ts'])
    await build({ ...INSTALLED, entryPoints: [entry], outdir: join(DIST, 'infra') });
}

/** A folder each, so that an app which uses the construct needs no bundler. */
export function buildFunctions(outDir = join(DIST, 'functions')): void {
  for (const name of ['api', 'dead-letter', 'launcher']) bundleFunction(name, join(outDir, name));
}
