#!/usr/bin/env node
// Plain JavaScript that any Node can read: a Node that is too old gets a sentence, not a syntax error.
import { existsSync } from 'node:fs';

const NEEDED = [22, 18]; // the first to run .ts files without a flag
const found = process.versions.node.split('.').map(Number);

if (found[0] < NEEDED[0] || (found[0] === NEEDED[0] && found[1] < NEEDED[1])) {
  process.stderr.write(
    `millrace needs Node.js ${NEEDED.join('.')} or newer; this is Node.js ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one (https://nodejs.org, or `nvm install 24`), or, in a checkout, run `npm ci` and then ' +
      '`npx millrace`, which brings its own.\n',
  );
  process.exit(1);
}

// A checkout runs its sources; the packed package has none, since Node runs no .ts under node_modules.
const source = new URL('../src/cli/millrace-main.ts', import.meta.url);
const entry = existsSync(source) ? source : new URL('../dist/cli.js', import.meta.url);
await import(entry.href);
