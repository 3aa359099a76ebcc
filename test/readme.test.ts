import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMON_EXITS } from '../src/cli/command-help.ts';
import { quoteForShell } from '../src/cli/quote-for-shell.ts';
import {
  callsOfMillrace,
  commandLines,
  commandOf,
  optionsIn,
  optionsOf,
  PROGRAM,
} from './support/command-lines.ts';
import { cleanEnv, LocalStack } from './support/local-stack.ts';
import { BIN, endAll, run } from './support/processes.ts';

const ROOT = join(import.meta.dirname, '..');
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const { samples, spans, lines } = commandLines(readme);

// Installing is what this test is run after; the two commands themselves are looked up in package.json.
// A thousand tasks are for a look at the numbers; a hundred show as well that it works.
const toRun = samples
  // What needs a deployed stack runs in the suite that deploys one.
  .filter((sample) => !sample.includes('npm ') && !sample.includes('--stack'))
  .map((sample) => sample.replace('seq 1 1000', 'seq 1 100'));
const has = (program: string) => spawnSync('which', [program]).status === 0;
const needsAws = (sample: string) => /^aws /m.test(sample);
const nameOf = (sample: string) => sample.split('\n').find((line) => !line.startsWith('eval')) ?? '';

/** Exit codes of commands that could not do what they were told: a sample never means these. */
const FAILURES = '2|4|5|6|7|70|126|127';

describe('the samples of the README', { timeout: 120_000 }, () => {
  let stack: LocalStack;

  beforeAll(async () => {
    stack = await LocalStack.start(['--workers', '1']);
  });
  afterAll(async () => {
    await stack.remove();
    await endAll();
  });

  /** As a user's shell runs it, but for `npx`, which would look for the package of the folder it is in. */
  async function runSample(sample: string) {
    const failures = `trap 'code=$?; case $code in ${FAILURES}) echo "exit $code: $BASH_COMMAND" >&2; bad=1;; esac' ERR`;
    const npx = `npx() { shift; ${quoteForShell(process.execPath)} ${quoteForShell(BIN)} "$@"; }`;
    const script = `set -o pipefail; bad=0\n${failures}\n${npx}\n${sample}\nexit $bad`;
    return run('bash', ['-c', script], { cwd: stack.home, env: cleanEnv(stack.data) });
  }

  test.each(toRun.filter((sample) => !needsAws(sample)).map((sample) => [nameOf(sample), sample]))(
    '%s …',
    async (_, sample) => {
      const { code, stdout, stderr } = await runSample(sample);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout + stderr).not.toContain('urn:millrace:problem');
      expect(stderr).not.toContain('error:');
    },
  );

  test.skipIf(!has('aws')).each(toRun.filter(needsAws).map((sample) => [nameOf(sample), sample]))(
    '%s …',
    async (_, sample) => {
      const { code, stdout, stderr } = await runSample(sample);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      const { MessageId } = JSON.parse(stdout) as { MessageId: string };
      await expect
        .poll(async () => (await stack.cli(['wait', MessageId])).stdout, { timeout: 20_000, interval: 200 })
        .toContain('SUCCEEDED');
    },
  );

  test('its program runs in a checkout', async () => {
    const program = /^```ts\n(import [^`]*'millrace\/client'[^]*?)^```$/m.exec(readme)?.[1] ?? '';
    const folder = await mkdtemp(join(stack.home, 'program-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'millrace'));
    await symlink(join(ROOT, 'tasks'), join(folder, 'tasks'));
    await writeFile(join(folder, 'program.ts'), program);
    const { code, stdout, stderr } = await run(process.execPath, ['--conditions', 'checkout', 'program.ts'], {
      cwd: folder,
      env: cleanEnv(stack.data),
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('14 13\n');
  });

  test('routes are those of the OpenAPI document', async () => {
    const document = (await (await stack.fetch('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const served = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = routesIn(spans);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((route) => !served.includes(route))).toEqual([]);
  });
});

/** `POST /a/b?c=`, and `…/d` behind it for `POST /a/d`. */
function routesIn(texts: readonly string[]): string[] {
  let [method, path] = ['', ''];
  return texts.flatMap((text) => {
    const [, verb, rest] = /^(GET|POST|DELETE) (\/[^?]*)/.exec(text) ?? [];
    if (verb !== undefined && rest !== undefined) [method, path] = [verb, rest];
    else if (text.startsWith('…/')) path = path.replace(/[^/]+$/, text.slice(2));
    else return [];
    return [`${method} ${path}`];
  });
}

describe('the README names only what there is:', () => {
  const ofMillrace = callsOfMillrace(lines);

  test('commands and their options', () => {
    expect(ofMillrace.length).toBeGreaterThan(25);
    for (const line of ofMillrace) {
      const command = commandOf(line);
      expect(command, `millrace ${line}`).toBeDefined();
      for (const option of optionsIn(line))
        expect([...(command ? optionsOf(command) : []), '--help'], `millrace ${line}`).toContain(option);
    }
  });

  test('options by themselves', () => {
    const known = PROGRAM.commands.flatMap((command) => [command, ...command.commands]).flatMap(optionsOf);
    const named = spans.filter((span) => span.startsWith('--')).flatMap(optionsIn);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((option) => !known.includes(option))).toEqual([]);
  });

  test('scripts of npm', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = lines.flatMap((line) =>
      [...line.matchAll(/\bnpm (?:run )?([a-z][a-z:]*)/g)].map((match) => match[1] ?? ''),
    );
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'check', 'bench']));
    const known = [...Object.keys(scripts), 'ci'];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('files', () => {
    const linked = [...readme.matchAll(/\]\(([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(linked.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('and every command and exit code', () => {
    const said = lines.join('\n');
    const names = PROGRAM.commands.map((command) => command.name()).filter((name) => name !== 'help');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(said))).toEqual([]);
    const codes = [...readme.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap((match) => (match[1] ?? '').split(', '));
    expect(codes).toEqual(expect.arrayContaining(Object.keys(COMMON_EXITS)));
  });
});
