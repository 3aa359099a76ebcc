import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STARTER_FILES } from '../src/worker/spawner/starter/find-starter.ts';
import { bundleTasks, FOR_BARE_NODE, loadEsbuild } from './bundle-tasks.ts';

const HERE = import.meta.dirname;
const COPIED = ['Dockerfile', 'process-message', '.dockerignore'] as const;
const STARTER = join(HERE, '../src/worker/spawner/starter');

/**
 * Makes the worker's image's build context: the worker, its spawner and the host of handlers, each bundled to one file, the
 * handlers, and what the Dockerfile copies besides. Small, and needs no network to build.
 * @param tasksDir folder of the handlers; those of this checkout unless told
 * @returns the folder
 */
export function bundleWorker(outDir: string, tasksDir = join(HERE, '../tasks')): string {
  mkdirSync(outDir, { recursive: true });
  bundleTasks(tasksDir, join(outDir, 'tasks'));
  loadEsbuild().buildSync({
    entryPoints: {
      worker: join(HERE, 'worker-main.ts'),
      // The names under which the worker looks for them beside itself.
      'spawner-main': join(HERE, '../src/worker/spawner/spawner-main.ts'),
      'handler-host-main': join(HERE, '../src/worker/handlers/handler-host-main.ts'),
    },
    outdir: outDir,
    // Not minified: an image does not grow by it, and a stack trace can be read.
    ...FOR_BARE_NODE,
  });
  writeFileSync(join(outDir, 'package.json'), '{ "type": "module" }\n');
  for (const file of COPIED) copyFileSync(join(HERE, file), join(outDir, file));
  // Compiled where the image is built, if that has a compiler.
  for (const file of STARTER_FILES) copyFileSync(join(STARTER, file), join(outDir, file));
  return outDir;
}
