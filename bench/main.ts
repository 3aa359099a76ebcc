import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll } from '../test/support/processes.ts';
import { measureBareSpawn } from './bare-spawn.ts';
import { measureLoad } from './measure-load.ts';
import { measureNoop } from './measure-noop.ts';
import { measurePickup } from './measure-pickup.ts';

/**
 * `npm run bench`: figures of one run on this machine. Machines differ and are noisy: only the ratios between
 * figures of the same run are to be compared.
 */
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '2000' },
    lines: { type: 'string', default: '50000' },
    pickups: { type: 'string', default: '200' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
});
const [tasks, lines, pickups] = [Number(values.tasks), Number(values.lines), Number(values.pickups)];
const home = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const rows: { what: string; figure: string; ratio?: string }[] = [];
const results: Record<string, unknown> = {};
const say = (what: string, figure: string, ratio?: string): void => {
  rows.push({ what, figure, ...(ratio !== undefined && { ratio }) });
  process.stderr.write(`${what}: ${figure}${ratio ? ` (${ratio})` : ''}\n`);
};

try {
  const load = await measureLoad(lines);
  results['load'] = load;
  say(`bulk enqueue, ${lines} lines by \`millrace load\``, `${load.perSecond} tasks/s`);
  say('memory of the loader, most', `${load.loaderMiB} MiB`);

  for (const slots of [1, 2, 4, 8]) {
    const bare = await measureBareSpawn(slots, tasks);
    const noop = await measureNoop('command', slots, tasks);
    results[`noop${slots}`] = { ...noop, bareSpawnPerSecond: bare };
    say(
      `no-op commands, ${slots} slots`,
      `${noop.perSecond}/s; a bare spawn loop ${bare}/s`,
      `${(noop.perSecond / bare).toFixed(2)} of bare`,
    );
    if (slots === 8) say('memory of the worker, most', `${noop.workerMiB} MiB`);
  }

  const handlers = await measureNoop('handler', 16, 2 * tasks);
  results['handlers16'] = handlers;
  say('no-op handlers, 16 slots', `${handlers.perSecond}/s`);

  const pickup = await measurePickup(pickups);
  results['pickup'] = pickup;
  say(`pickup latency of an idle worker, ${pickups} tasks`, `p50 ${pickup.p50} ms, p99 ${pickup.p99} ms`);

  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const width = Math.max(...rows.map(({ what }) => what.length));
  process.stdout.write(
    `\n${rows.map(({ what, figure, ratio }) => `${what.padEnd(width)}  ${figure}${ratio ? `  ${ratio}` : ''}`).join('\n')}\n`,
  );
  const command = `npm run bench -- --tasks ${tasks} --lines ${lines} --pickups ${pickups}`;
  const table = rows.map(({ what, figure, ratio }) => `| ${what} | ${figure} | ${ratio ?? ''} |`).join('\n');
  await writeFile(
    join(values.out, 'latest.md'),
    `# One run of \`${command}\`\n\n${machine}; ${new Date().toISOString().slice(0, 10)}. Compare ratios, not absolute figures.\n\n| what | figure | ratio |\n|---|---|---|\n${table}\n`,
  );
  await writeFile(
    join(values.out, 'latest.json'),
    `${JSON.stringify({ command, machine, ...results }, null, 2)}\n`,
  );
} finally {
  await endAll();
  await rm(home, { recursive: true, force: true });
}
