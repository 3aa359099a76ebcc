/**
 * Builds what the package ships, into dist/: Node runs no .ts under node_modules. A checkout needs none of it.
 *
 *   node scripts/build.ts [cli | client | tasks | infra | functions | worker-image | types]…
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { buildCli, buildClient, buildFunctions, buildInfra, buildTasks } from './bundles.ts';
import { buildTypes } from './build-types.ts';
import { DIST } from './paths.ts';

const PARTS: Readonly<Record<string, () => unknown>> = {
  cli: buildCli,
  client: buildClient,
  tasks: buildTasks,
  infra: buildInfra,
  functions: buildFunctions,
  'worker-image': async () =>
    (await import('../worker-image/bundle-worker.ts')).bundleWorker(join(DIST, 'worker-image')),
  types: buildTypes,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(`expected some of: ${Object.keys(PARTS).join(', ')}; got: ${unknown.join(', ')}\n`);
  process.exit(2);
}
if (wanted.length === 0) rmSync(DIST, { recursive: true, force: true }); // nothing of an earlier build is shipped
for (const [name, build] of Object.entries(PARTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await build();
}
