import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { endAll } from '../support/processes.ts';
import { StackUser } from '../support/stack-user.ts';

interface Workflow {
  readonly id: string;
  readonly state: string;
}

/** The worker goes on with them under its own narrow role: rows of workflows, its own queue, and nothing more. */
describe('chains and sets on a deployed stack', () => {
  let user: StackUser;
  beforeAll(async () => {
    user = await StackUser.open(inject('deployed'));
  });
  afterEach(endAll);
  afterAll(() => user?.close());

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    return user.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  };

  test('come to their ends', async () => {
    const steps = [{ command: 'echo b; echo a' }, { command: 'sort' }];
    const chain = await post('/v1/queues/workflows/chains', { steps });
    expect(chain.status, chain.text).toBe(201);
    const tasks = [{ command: 'echo 1' }, { command: 'echo 2' }];
    const set = await post('/v1/queues/workflows/sets', { tasks, then: { command: 'cat' } });
    expect(set.status, set.text).toBe(201);
    await user.work('workflows');
    expect((await user.send(`/v1/workflows/${chain.json<Workflow>().id}`)).json()).toMatchObject({
      state: 'SUCCEEDED',
      result: 'a\nb\n',
    });
    expect((await user.send(`/v1/workflows/${set.json<Workflow>().id}`)).json()).toMatchObject({
      state: 'SUCCEEDED',
      result: '["1\\n","2\\n"]',
    });
  });

  test('are cancelled', async () => {
    const chain = await post('/v1/queues/workflows/chains', {
      steps: [{ command: 'true' }, { command: 'true' }],
    });
    const { id } = chain.json<Workflow>();
    const answer = await post(`/v1/workflows/${id}/cancel`, {});
    expect(answer.json<Workflow>().state, answer.text).toBe('CANCELLED');
    await user.work('workflows');
  });
});
