import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/core/ports.ts';
import { startScaleInProtection, type ScaleInProtection } from '../../src/worker/scale-in-protection.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { until } from '../support/processes.ts';

interface Put {
  readonly url: string;
  readonly body: { ProtectionEnabled: boolean; ExpiresInMinutes?: number };
}

const open: ScaleInProtection[] = [];
afterEach(() => open.splice(0).forEach((protection) => protection.close()));

/** An agent of ECS, with these answers in turn, the last one for good. */
function protect(...answers: (number | { failure: object })[]) {
  const puts: Put[] = [];
  const { ports, state } = makeMemoryPorts();
  const log: Log = ports.log;
  const protection = startScaleInProtection({
    agentUri: 'http://169.254.170.2/api/task-id',
    log,
    fetch: async (url, init) => {
      puts.push({ url: url as string, body: JSON.parse(init?.body as string) as Put['body'] });
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
      if (typeof answer === 'number') return new Response('{}', { status: answer });
      return Response.json(answer); // the agent's status is 200 then
    },
    idleMs: 250, // more than a busy machine takes from one task to the next
    retryMs: 10,
  });
  open.push(protection);
  return { protection, puts, state };
}

describe('scale-in protection', () => {
  it('is asked for when the worker gets busy, and given back once it has been idle for a while', async () => {
    const { protection, puts } = protect();
    protection.setBusy(true);
    await until('the first request', () => puts.length === 1);
    expect(puts[0]).toEqual({
      url: 'http://169.254.170.2/api/task-id/task-protection/v1/state',
      body: { ProtectionEnabled: true, ExpiresInMinutes: 120 },
    });
    protection.setBusy(false);
    await until('the second request', () => puts.length === 2);
    expect(puts[1]?.body).toEqual({ ProtectionEnabled: false });
  });

  it('costs one request for tasks that follow each other closely', async () => {
    const { protection, puts } = protect();
    for (let task = 0; task < 50; task += 1) {
      protection.setBusy(true);
      protection.setBusy(false);
      await new Promise(setImmediate);
    }
    await until('it to be given back', () => puts.at(-1)?.body.ProtectionEnabled === false);
    expect(puts.map(({ body }) => body.ProtectionEnabled)).toEqual([true, false]);
  });

  it('is asked for again when ECS does not answer as it should', async () => {
    const { protection, puts, state } = protect(500, 429, 200);
    protection.setBusy(true);
    await until('the third request', () => puts.length === 3);
    expect(puts.every(({ body }) => body.ProtectionEnabled)).toBe(true);
    expect(state.log.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  it('is asked for again when ECS could not change it, which the agent answers with 200', async () => {
    const { protection, puts, state } = protect({ failure: { Reason: 'DEPLOYMENT_BLOCKED' } }, 200);
    protection.setBusy(true);
    await until('the second request', () => puts.length === 2);
    expect(puts.every(({ body }) => body.ProtectionEnabled)).toBe(true);
    expect(state.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it.each([400, { failure: { Reason: 'TASK_NOT_VALID' } }])(
    'is given up when ECS refuses it (%j): this is no worker of a service',
    async (answer) => {
      const { protection, puts, state } = protect(answer);
      protection.setBusy(true);
      await until('the refusal to be logged', () => state.log.length === 1);
      protection.setBusy(false);
      protection.setBusy(true);
      await new Promise((resolve) => setTimeout(resolve, 60)); // nothing can be awaited: nothing is to come
      expect(puts).toHaveLength(1);
    },
  );
});
