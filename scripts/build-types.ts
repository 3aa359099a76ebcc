import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { DIST, ROOT } from './paths.ts';

const TYPES = join(DIST, 'types');

/** Declarations of what programs import, in the folders of their sources. */
export function buildTypes(): void {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(
    process.execPath,
    [compiler, '-p', join(ROOT, 'scripts/tsconfig.types.json'), '--outDir', TYPES],
    {
      stdio: 'inherit',
    },
  );
  const files = readdirSync(TYPES, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
    const path = join(TYPES, file);
    writeFileSync(path, toJsNames(readFileSync(path, 'utf8')));
  }
}

/** Imports of sources as imports of what is shipped: the compiler leaves `.ts` in declarations as it is. */
function toJsNames(declarations: string): string {
  return declarations.replace(/(from|import\()(\s*)(['"])(\.[^'"]+)\.ts\3/g, '$1$2$3$4.js$3');
}
