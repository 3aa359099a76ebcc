import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedServer } from '../client/scripted-server.ts';
import { endAll } from '../support/processes.ts';
import { CliUnderTest } from './millrace-process.ts';

const ID = 'w~k-1';
const chain = (state: string) => ({
  id: ID,
  kind: 'chain',
  queue: 'default',
  state,
  createdAt: '2026-03-01T09:30:00.000Z',
  steps: [
    { task: `${ID}.1`, state: 'SUCCEEDED' },
    { task: `${ID}.2`, state: 'FAILED', reason: 'exit', error: 'two\nlines' },
  ],
});
const set = {
  ...chain('SUCCEEDED'),
  kind: 'set',
  steps: undefined,
  members: { total: 2, pending: 0, running: 0, succeeded: 2, failed: 0, cancelled: 0 },
  then: { task: `${ID}.then`, state: 'SUCCEEDED' },
  result: { sum: 3 },
};

describe('millrace workflow', () => {
  let cli: CliUnderTest;
  let server: ScriptedServer;
  beforeEach(async () => {
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start(() => ({ json: chain('FAILED') }));
    cli.url = server.url;
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });

  test('shows a chain step by step, and with --wait exits 1 when it FAILED', async () => {
    const shown = await cli.run(['workflow', ID]);
    expect(shown.code).toBe(0);
    expect(shown.stdout.split('\n').slice(0, 4)).toEqual([
      'chain w~k-1 on default: FAILED',
      '  1     SUCCEEDED  w~k-1.1',
      expect.stringMatching(
        /^ {2}2 {5}FAILED {5}w~k-1\.2 {2}exit {2}two\S*lines$|^ {2}2 {5}FAILED {5}w~k-1\.2 {2}exit {2}two lines$/,
      ),
      '  it goes on when that is redriven: millrace redrive w~k-1.2',
    ]);
    expect((await cli.run(['workflow', ID, '--wait'])).code).toBe(1);
    expect(server.received.map(({ path }) => path)).toEqual([`/v1/workflows/${ID}`, `/v1/workflows/${ID}`]);
  });

  test('shows a set with its counts and its result, and as JSON', async () => {
    server.script = () => ({ json: set });
    const { code, stdout } = await cli.run(['workflow', ID, '--wait']);
    expect(code).toBe(0);
    expect(stdout).toContain('of 2: 0 pending, 0 running, 2 succeeded, 0 failed, 0 cancelled');
    expect(stdout).toContain('result {"sum":3}');
    expect(JSON.parse((await cli.run(['workflow', ID, '--json'])).stdout)).toMatchObject({
      result: { sum: 3 },
    });
  });

  test('cancels, and says when the time is up', async () => {
    server.script = () => ({ json: chain('RUNNING') });
    expect((await cli.run(['workflow', ID, '--cancel'])).code).toBe(0);
    expect(server.received[0]).toMatchObject({ method: 'POST', path: `/v1/workflows/${ID}/cancel` });
    expect((await cli.run(['workflow', ID, '--wait', '--timeout', '0.1'])).code).toBe(124);
  });
});
