import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../src/client/connect.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll } from '../support/processes.ts';

/** Chains and sets on a real stack: SQS and DynamoDB over sockets, a real worker, real commands. */
describe('workflows', () => {
  let stack: LocalStack;
  let client: Client;

  beforeAll(async () => {
    stack = await LocalStack.start(['--workers', '1', '--slots', '8']);
    client = new Client(stack.ready.api, { patienceMs: 20_000 });
  });
  afterAll(async () => {
    await stack?.kill('SIGTERM');
    await stack?.remove();
    await endAll();
  });

  test('a chain hands the output of each command to the next, and outlives a kill -9 of the stack', async () => {
    const [a, b] = ['printf "b\\na\\n"', 'sleep 1; sort'].map((command) => ({ command }));
    const chain = await client.chain([
      a ?? { command: '' },
      b ?? { command: '' },
      { argv: ['tr', '\\n', ' '] },
    ]);
    await stack.kill();
    stack = await LocalStack.start(['--workers', '1', '--slots', '8'], stack.home);
    client = new Client(stack.ready.api, { patienceMs: 20_000 });
    // The lease of what ran in the worker that died with the stack has to pass first.
    expect(await client.workflow(chain.id).result({ timeoutMs: 110_000 })).toBe('a b ');
  }, 120_000);

  test('a set of a hundred commands calls back once, with what all of them left', async () => {
    const members = Array.from({ length: 100 }, (_, at) => ({
      command: `echo "{\\"n\\": ${at}}" > "$MILLRACE_RESULT"`,
    }));
    const set = await client.set(members, { then: { command: 'cat > "$MILLRACE_RESULT"' } });
    const result = await set.result({ timeoutMs: 60_000 });
    expect(result).toEqual(members.map((_, n) => ({ n })));
    expect(await set.status()).toMatchObject({ members: { total: 100, succeeded: 100 } });
    const { tasks } = await client.listTasks('default', { state: 'SUCCEEDED', limit: 200 });
    expect(tasks.filter(({ id }) => id === `${set.id}.then`)).toHaveLength(1);
  }, 90_000);

  test('a chain that is cancelled kills what runs, and begins nothing more', async () => {
    const chain = await client.chain([{ command: 'sleep 600' }, { command: 'echo never' }]);
    await expect
      .poll(async () => (await chain.status()).steps?.[0]?.state, { timeout: 20_000 })
      .toBe('RUNNING');
    await chain.cancel();
    expect(await chain.wait({ timeoutMs: 30_000 })).toMatchObject({
      state: 'CANCELLED',
      steps: [{ state: 'CANCELLED' }, { state: 'WAITING' }],
    });
  }, 60_000);
});
