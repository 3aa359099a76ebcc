import type * as Esbuild from 'esbuild';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { findTaskFiles } from '../src/worker/handlers/task-files.ts';

/** A checkout's `millrace/tasks` is its source. */
const IS_CHECKOUT = import.meta.url.endsWith('.ts');

/** CommonJS in a bundle asks for Node's own modules by `require`, which a module does not have. */
const BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** How everything is bundled that runs where nothing is installed but Node: modules with all that they import. */
export const FOR_BARE_NODE = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'], // esbuild's own order takes CommonJS first, which fails at load in a module
  banner: { js: BANNER },
  logLevel: 'warning',
} satisfies Esbuild.BuildOptions;

/** esbuild, which a checkout has, and an app that bundles handlers of its own brings. @throws Error that says so */
export function loadEsbuild(): typeof Esbuild {
  try {
    return createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  } catch (cause) {
    const hint = 'Handlers are bundled with esbuild, which is not installed here: npm install -D esbuild';
    throw new Error(hint, { cause });
  }
}

/**
 * Bundles the handlers of a folder into another, a file each and what they share below it, with all that they import:
 * an image needs no node_modules. What cannot be bundled (native add-ons, files that are read at run time) belongs
 * into an image of your own.
 * @throws Error for a folder without handlers, or what esbuild says of a file
 */
export function bundleTasks(tasksDir: string, outDir: string): void {
  const files = findTaskFiles(tasksDir);
  if (files.length === 0)
    throw new Error(`expected handlers in ${tasksDir}: files whose default exports are made by defineTask`);
  rmSync(outDir, { recursive: true, force: true });
  loadEsbuild().buildSync({
    entryPoints: files,
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    ...FOR_BARE_NODE,
    ...(IS_CHECKOUT && { conditions: ['checkout', 'module'] }),
  });
}
