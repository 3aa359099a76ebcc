import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { endAll } from '../test/support/processes.ts';
import { readMachine } from './machine.ts';
import { DEFAULT_OUT, helpText, parseOptions, type Options } from './options.ts';
import { PEERS } from './peers/all-peers.ts';
import { toJson, toMarkdown, withResults, withRoundedSamples, type Results } from './results.ts';
import type { Context } from './section.ts';
import { SECTIONS } from './sections/all-sections.ts';
import { openSystems } from './systems/open-systems.ts';
import type { System } from './systems/system.ts';

/** It shows the results that bench/results holds. */
const PAGE = join(import.meta.dirname, '../docs/performance.md');

/**
 * `npm run bench`: Millrace beside what people use instead, in one run on this machine. Machines differ and are
 * noisy: only the ratios between figures of the same run are to be compared. See docs/performance.md.
 */
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const known = { sections: SECTIONS.map(({ name }) => name), peers: Object.keys(PEERS) };
  let options: Options;
  try {
    options = parseOptions(args, known);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nnpm run bench -- -h shows help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpText(SECTIONS, known.peers));
    return 0;
  }
  const { results, failed } = await measure(options, ['npm run bench --', ...args].join(' '));
  await mkdir(options.out, { recursive: true });
  await writeFile(join(options.out, 'latest.json'), toJson(results));
  await writeFile(join(options.out, 'latest.md'), toMarkdown(results));
  if (options.out === DEFAULT_OUT) await writeFile(PAGE, withResults(await readFile(PAGE, 'utf8'), results));
  process.stdout.write(options.json ? toJson(results) : toMarkdown(results));
  return failed ? 1 : 0;
}

/** @returns `failed`: something was begun and not measured to its end */
async function measure(options: Options, command: string): Promise<{ results: Results; failed: boolean }> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  process.env['TMPDIR'] = home; // of all that it starts, so that nothing of theirs stays
  // What runs for the bench ends with it: servers by their leash, workers and stacks by this.
  const cleanUp = async (): Promise<void> => {
    await endAll();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  const began = performance.now();
  const versions: Record<string, string> = { Millrace: await ownVersion() };
  const skipped: { what: string; reason: string }[] = [];
  let failed = false;
  const say = (text: string): void => {
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  };
  const inner: Omit<Context, 'systems'> = {
    options,
    home,
    say,
    skip: (what, reason) => {
      skipped.push({ what, reason });
      say(`skipped: ${what}: ${reason}`);
    },
    fail: (what, reason) => {
      failed = true;
      skipped.push({ what, reason: `failed: ${reason}` });
      say(`FAILED: ${what}: ${reason}`);
    },
    version: (what, version) => {
      versions[what] = version;
    },
  };
  const sections: Results['sections'][number][] = [];
  const wanted = SECTIONS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  let systems: readonly System[] = [];
  try {
    systems = await openSystems(inner);
    for (const { name, title, run } of wanted) {
      say(`== ${name}: ${title}`);
      const sectionBegan = performance.now();
      try {
        sections.push({ name, title, rows: await run({ ...inner, systems }) });
      } catch (error) {
        inner.fail(name, error instanceof Error ? error.message : String(error));
      }
      say(`== ${name} took ${((performance.now() - sectionBegan) / 1000).toFixed(0)} s`);
    }
  } finally {
    for (const { close } of systems) await close?.();
    await cleanUp();
  }
  const machine = await readMachine();
  const date = new Date().toISOString();
  return {
    results: withRoundedSamples({ command, date, machine, versions, sections, skipped }),
    failed,
  };
}

async function ownVersion(): Promise<string> {
  const manifest = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
