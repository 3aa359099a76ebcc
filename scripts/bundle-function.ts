import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FOR_BARE_NODE, loadEsbuild } from '../worker-image/bundle-tasks.ts';
import { ROOT } from './paths.ts';

/**
 * What the SDK would load in a browser, or to look for credentials elsewhere than in the environment, where Lambda
 * puts them: never asked for in a function, and a third of all that it would ship.
 */
const NEVER_LOADED = [
  'bowser',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

/**
 * Bundles a function of functions/ into a folder: `main.mjs`, whose `handler` Lambda calls, and beside it what is
 * loaded when a request needs it. With all that it imports: the versions that were tested, and no look-ups in the
 * runtime's own. Not asynchronous, since CDK waits for nothing.
 */
export function bundleFunction(name: string, outDir: string): void {
  rmSync(outDir, { recursive: true, force: true });
  loadEsbuild().buildSync({
    absWorkingDir: ROOT,
    entryPoints: { main: join('functions', name, 'main.ts') },
    outdir: outDir,
    outExtension: { '.js': '.mjs' }, // modules without a package.json
    chunkNames: '[name]-[hash]',
    splitting: true,
    external: NEVER_LOADED,
    ...FOR_BARE_NODE,
    minify: true, // a smaller file is read and parsed sooner at a cold start
    keepNames: true, // errors are told by their names
  });
}
