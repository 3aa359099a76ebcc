import { readdir, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Interrupted } from '../../src/cli/context.ts';
import { MAX_LINE_BYTES } from '../../src/cli/load/chunker.ts';
import type { LoadSummary } from '../../src/cli/load/run-load.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { problem, ScriptedServer } from '../client/scripted-server.ts';
import { endAll, until } from '../support/processes.ts';
import { BatchApi } from './batch-api.ts';
import { fakeContext } from './fake-context.ts';
import { CliUnderTest } from './millrace-process.ts';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `echo line ${from + at}\n`).join('');

describe('millrace load', () => {
  let cli: CliUnderTest;
  let api: BatchApi;
  let server: ScriptedServer;

  beforeEach(async () => {
    api = new BatchApi();
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start((request) => api.answer(request));
    cli.url = server.url;
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });
  const summaryOf = (stdout: string) => JSON.parse(stdout) as LoadSummary;

  test('loads a file whole, in chunks, and leaves no record behind', async () => {
    await writeFile(cli.path('f.txt'), lines(1, 2500));
    const { code, stdout, stderr } = await cli.run(['load', 'default', 'f.txt', '--timeout', '5', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(api.text).toBe(lines(1, 2500));
    expect([...api.chunks.keys()].sort()).toEqual([0, 1, 2]);
    expect(summaryOf(stdout)).toEqual({
      id: api.batch,
      queue: 'default',
      ...{ total: 2500, pending: 2500, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
      accepted: 2500,
      refused: [],
    });
    const [first] = server.received;
    expect(first?.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(first?.query.get('timeoutSeconds')).toBe('5');
    expect(await readdir(cli.path('data', 'loads'))).toEqual([]);
  });

  test('names refused lines by their place in the file, and exits 0 when others were taken', async () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 1);
    await writeFile(cli.path('f.txt'), `${lines(1, 1500)}bad one\n\n${long}\necho end`);
    const { code, stdout, stderr } = await cli.run(['load', 'default', 'f.txt']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^line 1501: invalid_task: bad one$/m);
    expect(stderr).toMatch(/^line 1503: too_large: /m);
    expect(stdout).toMatch(/1,501 tasks accepted, 2 lines refused/);
    expect(api.text).toBe(`${lines(1, 1500)}bad one\n\n\necho end\n`);
  });

  test('goes on behind a chunk of which no line is a task', async () => {
    await writeFile(cli.path('f.txt'), 'bad\n'.repeat(1000) + lines(1, 3));
    const { code, stdout } = await cli.run(['load', 'default', 'f.txt', '--json']);
    expect(code).toBe(0);
    expect(summaryOf(stdout)).toMatchObject({ accepted: 3, total: 3 });
    expect(summaryOf(stdout).refused).toHaveLength(1000);
    expect(summaryOf(stdout).refused.at(-1)?.line).toBe(1000);
  });

  test.each([
    ['is empty', '', []],
    ['is blank', '\n \r\n\n', []],
    ['has bad lines only', '\nbad\n', [{ line: 2, code: 'invalid_task', detail: 'bad' }]],
  ])('exits 2 with a summary when the input %s', async (_, input, refused) => {
    const { code, stdout } = await cli.run(['load', 'default', '-', '--json'], input);
    expect(code).toBe(2);
    expect(summaryOf(stdout)).toMatchObject({ queue: 'default', total: 0, accepted: 0, refused });
  });

  test('takes NDJSON by the ending of the file or by --format', async () => {
    await writeFile(cli.path('f.ndjson'), '{"command":"echo hi"}\n');
    await cli.run(['load', 'default', 'f.ndjson']);
    api = new BatchApi();
    await cli.run(['load', 'default', '-', '--format', 'ndjson'], '{"command":"echo hi"}\n');
    const types = server.received
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['content-type']);
    expect(types).toEqual(['application/x-ndjson', 'application/x-ndjson']);
  });

  test('sends STDIN into the same batch again without another task', async () => {
    for (const _ of [1, 2]) {
      const { code } = await cli.run(['load', 'default', '-', '--batch', 'mine'], lines(1, 1001));
      expect(code).toBe(0);
    }
    expect(api.text).toBe(lines(1, 1001));
  });

  test('holds out while the API is away, and says so', async () => {
    await writeFile(cli.path('f.txt'), lines(1, 3000));
    server.script = (request, nth) => (nth === 1 ? api.answer(request) : 'drop');
    const loading = cli.start(['load', 'default', 'f.txt']);
    await until('it to notice', () => /Trying again/.test(loading.stderr()));
    server.script = (request) => api.answer(request);
    expect(await loading.exit).toBe(0);
    expect(api.text).toBe(lines(1, 3000));
  });

  test('gives up after its patience with exit code 7, and says how to go on', async () => {
    server.script = () => problem(503, 'unavailable');
    await writeFile(cli.path('f.txt'), lines(1, 3));
    const { code, stderr } = await cli.run(['load', 'default', 'f.txt', '--patience', '0']);
    expect(code).toBe(7);
    expect(stderr).toContain('The same command goes on where it stood: millrace load default f.txt');
  });

  test('names the batch in the problem document', async () => {
    server.script = () => problem(404, 'unknown_queue');
    const { code, stderr } = await cli.run(['load', 'nope', '-', '--batch', 'mine', '--json'], 'echo hi\n');
    expect(code).toBe(4);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'unknown_queue',
      status: 404,
      batch: 'mine',
      accepted: 0,
    });
  });

  test('ends a load whose input is still open when an upload fails', async () => {
    server.script = () => problem(404, 'unknown_queue');
    const loading = cli.start(['load', 'nope', '-']);
    loading.child.stdin?.write(lines(1, 1001));
    expect(await loading.exit).toBe(4);
  });

  test.each([
    ['all SUCCEEDED', { succeeded: 3, failed: 0 }, 0],
    ['some FAILED', { succeeded: 2, failed: 1 }, 1],
  ])('with --wait tells by its exit code that %s', async (_, ended, expected) => {
    server.script = (request) => {
      const looks = server.received.filter(({ method }) => method === 'GET').length;
      if (looks > 1) api.ended = ended;
      return api.answer(request);
    };
    const { code, stdout } = await cli.run(['load', 'default', '-', '--wait', '--json'], lines(1, 3));
    expect(code).toBe(expected);
    expect(summaryOf(stdout)).toMatchObject({ ...ended, pending: 0, accepted: 3 });
  });

  test('Ctrl-C while it waits stops the bar too, whose timer would keep the process', async () => {
    const [stderr, interruption] = [new PassThrough(), new AbortController()];
    const run = fakeContext(['load', 'default', '-', '--wait', '--url', server.url]);
    (run.context.stdin as unknown as PassThrough).end('echo hi\n');
    const loading = runCli({
      ...run.context,
      stderr: Object.assign(stderr, { isTTY: true, columns: 80 }) as unknown as WriteStream,
      interrupt: () => interruption.signal,
    });
    await until('it to wait', () => server.received.some(({ method }) => method === 'GET'));
    interruption.abort(new Interrupted('SIGINT'));
    await loading;
    expect(run.exitCode()).toBe(130);
    stderr.read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stderr.read()).toBeNull();
  });
});
