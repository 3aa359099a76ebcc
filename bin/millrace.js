#!/usr/bin/env node
// Plain JavaScript that any Node can read: a Node that is too old gets a sentence, not a syntax error.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 18]; // the first to run .ts files without a flag
const found = process.versions.node.split('.').map(Number);

if (found[0] < NEEDED[0] || (found[0] === NEEDED[0] && found[1] < NEEDED[1])) {
  process.stderr.write(
    `millrace needs Node.js ${NEEDED.join('.')} or newer; this is Node.js ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one (https://nodejs.org, or `nvm install 24`), or, in a checkout, run `npm ci` and then ' +
      '`npx millrace`, which brings its own.\n',
  );
  process.exit(2); // 1 would say that a task has FAILED
}

// A checkout runs its sources; the packed package has none, since Node runs no .ts under node_modules.
const source = new URL('../src/cli/millrace-main.ts', import.meta.url);
const isCheckout = existsSync(source);

// Sources without their types, and their byte code, are kept for the next start: 50 ms instead of 130. In the
// checkout, not in the folder for temporary files, where another user could leave code for this one.
if (isCheckout) {
  nodeModule.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/millrace', import.meta.url)));
}
await import((isCheckout ? source : new URL('../dist/cli.js', import.meta.url)).href);
