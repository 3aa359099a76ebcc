import { readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedServer } from '../client/scripted-server.ts';
import { endAll } from '../support/processes.ts';
import { CliUnderTest } from './millrace-process.ts';

const MEGABYTE = 1024 * 1024;

/** Written by the loading process itself when it ends: the most memory it ever had. */
const MEASURE = `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`;

describe('the memory of a load', () => {
  let cli: CliUnderTest;
  let server: ScriptedServer;
  let bytes = 0;

  beforeEach(async () => {
    bytes = 0;
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start((request) => {
      server.received.length = 0; // the server's own memory is not measured, but need not grow either
      const counts = { pending: 1, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
      bytes += request.body.length;
      return { json: { id: 'b', queue: 'default', total: 1, ...counts, accepted: 1000, refused: [] } };
    });
    cli.url = server.url;
    await writeFile(cli.path('measure.mjs'), MEASURE);
    cli.env = { NODE_OPTIONS: `--import=${cli.path('measure.mjs')}`, PEAK_FILE: cli.path('peak') };
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });

  // Garbage that V8 has not collected yet counts too: some 90 MB of it, most of them bodies of chunks.
  test('is bounded, and far from the 300 MB that it loads', async () => {
    await cli.run(['load', 'default', '-'], 'echo hi\n');
    const small = Number(await readFile(cli.path('peak'), 'utf8')) / 1024;

    const part = Buffer.from(`${'x'.repeat(299)}\n`.repeat(3496)); // 1 MB
    const loading = cli.start(['load', 'default', '-']);
    for (let i = 0; i < 300; i += 1) {
      if (!loading.child.stdin?.write(part)) await once(loading.child.stdin ?? loading.child, 'drain');
    }
    loading.child.stdin?.end();
    expect(await loading.exit).toBe(0);
    const peak = Number(await readFile(cli.path('peak'), 'utf8')) / 1024;
    expect(bytes).toBe(8 + 300 * part.length);
    expect(part.length).toBeGreaterThan(0.99 * MEGABYTE);
    expect(peak - small).toBeLessThan(150);
  });
});
