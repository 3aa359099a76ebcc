import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { endAll } from '../test/support/processes.ts';
import { commandText } from './command-text.ts';
import { readMachine } from './machine.ts';
import { DEFAULT_OUT, helpText, parseOptions, type Options } from './options.ts';
import { needFolder } from './out-folder.ts';
import { PEERS } from './peers/all-peers.ts';
import { toJson, toMarkdown, withResults, withRoundedSamples, type Results } from './results.ts';
import type { Context } from './section.ts';
import { SECTIONS } from './sections/all-sections.ts';
import { openSystems } from './systems/open-systems.ts';
import type { System } from './systems/system.ts';

/** It shows the results that bench/results holds. */
const PAGE = join(import.meta.dirname, '../docs/performance.md');

/** At Ctrl-C: what has not noticed by then, as a wait for something that will not come, is left. */
const STOP_MS = 3_000;

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
    if (options.out !== undefined && !options.help) await needFolder(options.out);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nnpm run bench -- -h shows help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpText(SECTIONS, known.peers));
    return 0;
  }
  const stopping = new AbortController();
  try {
    const { results, failed } = await measure(options, commandText(args, process.env), stopping);
    if (options.out !== undefined) await keep(results, options.out);
    process.stdout.write(options.json ? toJson(results) : toMarkdown(results));
    return failed ? 1 : 0;
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    return exitCodeOf(stopping.signal.reason);
  }
}

async function keep(results: Results, folder: string): Promise<void> {
  await writeFile(join(folder, 'latest.json'), toJson(results));
  await writeFile(join(folder, 'latest.md'), toMarkdown(results));
  if (folder === DEFAULT_OUT) await writeFile(PAGE, withResults(await readFile(PAGE, 'utf8'), results));
}

function exitCodeOf(signal: unknown): number {
  return signal === 'SIGTERM' ? 143 : 130;
}

/** @returns `failed`: something was begun and not measured to its end */
async function measure(
  options: Options,
  command: string,
  stopping: AbortController,
): Promise<{ results: Results; failed: boolean }> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  process.env['TMPDIR'] = home; // of all that it starts, so that nothing of theirs stays
  // What runs for the bench ends with it: servers by their leash, workers and stacks by this.
  const cleanUp = async (): Promise<void> => {
    await endAll();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say(`stopping on ${signal}: no results are kept`);
      stopping.abort(signal); // what waits for what is ended here fails, and begins nothing else
      void endAll();
      const isLate = (): void => void cleanUp().finally(() => process.exit(exitCodeOf(signal)));
      setTimeout(isLate, STOP_MS).unref();
    });
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
    stopping: stopping.signal,
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
    systems = await openSystems(inner, wanted);
    for (const { name, title, run } of wanted) {
      stopping.signal.throwIfAborted();
      say(`== ${name}: ${title}`);
      const sectionBegan = performance.now();
      try {
        sections.push({ name, title, rows: await run({ ...inner, systems }) });
      } catch (error) {
        stopping.signal.throwIfAborted();
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
