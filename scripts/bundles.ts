import { build, type BuildOptions } from 'esbuild';
import { join } from 'node:path';
import { findTaskFiles } from '../src/worker/handlers/task-files.ts';
import { FUNCTION_BANNER } from '../infra/code-paths.ts';
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

/** `dist/cli.js`: a command loads the chunks that it needs. Spawner and handler host are programs of their own beside it. */
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

/** One file each, the SDK in it, so that an app which uses the construct needs no bundler. As infra/ does in a checkout. */
export async function buildFunctions(outdir = join(DIST, 'functions')): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: ['api', 'dead-letter', 'launcher'].map((name) => ({
      in: `functions/${name}/main.ts`,
      out: `${name}/main`,
    })),
    outdir,
    outExtension: { '.js': '.mjs' }, // a module without a package.json
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: FUNCTION_BANNER },
    minify: true,
    keepNames: true,
  });
}
