import { readdir, utimes, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedServer, type Received, type Reply } from '../client/scripted-server.ts';
import { endAll, until } from '../support/processes.ts';
import { BatchApi } from './batch-api.ts';
import { CliUnderTest } from './millrace-process.ts';

const CHUNKS = 12;
const INPUT = Array.from({ length: CHUNKS * 1000 }, (_, at) => `echo line ${at + 1}\n`).join('');

describe('a load that was interrupted', () => {
  let cli: CliUnderTest;
  let api: BatchApi;
  let server: ScriptedServer;

  beforeEach(async () => {
    api = new BatchApi();
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start((request) => api.answer(request));
    cli.url = server.url;
    await writeFile(cli.path('f.txt'), INPUT);
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });

  const uploads = () => server.received.filter(({ method }) => method === 'POST').length;

  /** Loads until `chunk` comes in, whose answer never does; the chunks in flight with it are stored. */
  async function interruptAt(chunk: number, signal: NodeJS.Signals) {
    server.script = (request: Received): Reply => {
      const reply = api.answer(request);
      return Number(request.query.get('chunk')) >= chunk ? 'silence' : reply;
    };
    const loading = cli.start(['load', 'default', 'f.txt']);
    await until(`chunk ${chunk} to come in`, () => api.chunks.has(chunk));
    loading.child.kill(signal);
    const exit = await loading.exit;
    server.script = (request) => api.answer(request);
    return { exit, stderr: loading.stderr(), batch: api.batch };
  }

  test('by kill -9 goes on into the same batch, and every chunk arrives once with its content', async () => {
    const { exit, batch } = await interruptAt(7, 'SIGKILL');
    expect(exit).toBe('SIGKILL');
    const { code, stdout, stderr } = await cli.run(['load', 'default', 'f.txt']);
    expect(code).toBe(0);
    expect(stderr).toContain(`Going on with batch ${batch}`);
    expect(stdout).toContain('12,000 tasks accepted');
    expect(api.batch).toBe(batch);
    expect(api.text).toBe(INPUT);
    expect(api.chunks.size).toBe(CHUNKS);
    expect(await readdir(cli.path('data', 'loads'))).toEqual([]);
  });

  test('by Ctrl-C exits 130, says how to resume, and sends no more than it must', async () => {
    const { exit, stderr } = await interruptAt(7, 'SIGINT');
    expect(exit).toBe(130);
    expect(stderr).toContain('The same command goes on where it stood: millrace load default f.txt');
    const before = uploads();
    expect((await cli.run(['load', 'default', 'f.txt'])).code).toBe(0);
    expect(uploads() - before).toBe(CHUNKS - 7); // all that was not confirmed, and nothing else
    expect(api.text).toBe(INPUT);
  });

  test('starts at its first line when the API has forgotten the batch', async () => {
    const { batch } = await interruptAt(5, 'SIGINT');
    api = new BatchApi();
    const { code, stderr } = await cli.run(['load', 'default', 'f.txt']);
    expect(code).toBe(0);
    expect(stderr).toContain('from its first line');
    expect(api.batch).toBe(batch);
    expect(api.text).toBe(INPUT);
  });

  test.each([
    ['--fresh', ['--fresh']],
    ['other options', ['--max-attempts', '5']],
  ])('is not gone on with for %s', async (_, options) => {
    const { batch } = await interruptAt(5, 'SIGINT');
    api = new BatchApi();
    expect((await cli.run(['load', 'default', 'f.txt', ...options])).code).toBe(0);
    expect(api.batch).not.toBe(batch);
    expect(api.text).toBe(INPUT);
  });

  test('is not gone on with once the file has changed', async () => {
    const { batch } = await interruptAt(5, 'SIGINT');
    api = new BatchApi();
    await utimes(cli.path('f.txt'), new Date(), new Date(2_000_000_000_000));
    const { code, stderr } = await cli.run(['load', 'default', 'f.txt']);
    expect(code).toBe(0);
    expect(stderr).toContain(`is left as it is: batch ${batch}`);
    expect(api.batch).not.toBe(batch);
  });
});
