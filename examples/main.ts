/**
 * Runs the examples, each on a local stack of its own, and compares what they print with what was promised.
 *
 *   npm run examples                     # all
 *   npm run examples -- moulin werk      # some; --quiet shows the promises alone, --json one document
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Promised } from './example.ts';

interface Outcome {
  readonly example: string;
  readonly exitCode: number | string;
  readonly promises: readonly { readonly says: string; readonly holds: boolean }[];
}

const HERE = import.meta.dirname;
const BIN = join(HERE, '../bin/millrace.js');
const ALL = readdirSync(HERE, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quiet: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
const unknown = positionals.filter((name) => !ALL.includes(name));
if (values.help || unknown.length > 0) {
  const usage = `npm run examples -- [--quiet] [--json] [NAME…]\nNames: ${ALL.join(', ')}\n`;
  (values.help ? process.stdout : process.stderr).write(usage);
  process.exit(values.help ? 0 : 2);
}

const outcomes: Outcome[] = [];
for (const example of positionals.length > 0 ? positionals : ALL) {
  const outcome = await runExample(example, !values.quiet && !values.json);
  outcomes.push(outcome);
  if (values.json) continue;
  process.stdout.write(`\n${example}: exit ${outcome.exitCode}\n`);
  for (const { says, holds } of outcome.promises) process.stdout.write(`  ${holds ? '✓' : '✗'} ${says}\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
process.exitCode = outcomes.every(
  ({ exitCode, promises }) => exitCode === 0 && promises.every((p) => p.holds),
)
  ? 0
  : 1;

/** One session from its start to its end; nothing that it started is left. */
async function runExample(example: string, isShown: boolean): Promise<Outcome> {
  const { PROMISES } = (await import(`./${example}/promises.ts`)) as { PROMISES: readonly Promised[] };
  const home = mkdtempSync(join(tmpdir(), 'millrace-example-'));
  const env = sessionEnv(home);
  const stack = spawn(
    process.execPath,
    [BIN, 'local', '--json', '--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'],
    { env, cwd: home, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const stackEnd = new Promise((resolve) => stack.once('exit', resolve));
  try {
    const ready = createInterface({ input: stack.stdout })[Symbol.asyncIterator]().next();
    const isReady = await Promise.race([ready, stackEnd.then(() => undefined)]);
    if (!isReady) throw new Error('the local stack did not start: try `npx millrace local`');
    if (isShown) process.stdout.write(`\n=== ${example}\n`);
    const { exitCode, out } = await runSession(join(HERE, example, 'session.sh'), env, isShown);
    return {
      example,
      exitCode,
      promises: PROMISES.map((promised) => ({ says: promised.says, holds: promised.holds(out) })),
    };
  } finally {
    stack.kill('SIGTERM');
    await stackEnd;
    rmSync(home, { recursive: true, force: true });
  }
}

/** `npx millrace` is this checkout's, whatever folder it is called in; nothing of the machine's own settings gets in. */
function sessionEnv(home: string): NodeJS.ProcessEnv {
  const npx = join(home, 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  chmodSync(npx, 0o755);
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|MILLRACE|ECS)_/.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: [home, dirname(process.execPath), process.env['PATH']].join(delimiter),
    MILLRACE_DATA: join(home, 'data'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

async function runSession(script: string, env: NodeJS.ProcessEnv, isShown: boolean) {
  const session = spawn('bash', [script], { env, cwd: dirname(script), stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  session.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (isShown) process.stdout.write(text);
  });
  session.stderr.on('data', (text: Buffer) => {
    if (isShown) process.stderr.write(text);
  });
  const exitCode = await new Promise<number | string>((resolve) =>
    session.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  return { exitCode, out };
}
