import type { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeStsClient, startProgramCredentials } from '../../src/aws/program-credentials.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { startSilentServer } from '../support/silent-server.ts';

const ROLE = 'arn:aws:iam::123456789012:role/programs';
const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An STS whose calls succeed until `fail` is set; each gives other credentials, for an hour. */
async function start() {
  const inputs: AssumeRoleCommand['input'][] = [];
  const sts = {
    fail: false,
    async send({ input }: AssumeRoleCommand) {
      inputs.push(input);
      if (this.fail) throw new Error('AccessDenied');
      const n = inputs.length;
      const Expiration = new Date(Date.now() + 60 * MINUTE);
      return {
        Credentials: {
          AccessKeyId: `id-${n}`,
          SecretAccessKey: `secret-${n}`,
          SessionToken: `token-${n}`,
          Expiration,
        },
      };
    },
  };
  const { ports, state } = makeMemoryPorts();
  let losses = 0;
  const credentials = await startProgramCredentials(sts as unknown as STSClient, {
    roleArn: ROLE,
    worker: 'ip-10-0-0-1/örtlich',
    region: 'eu-west-1',
    log: ports.log,
    onLost: () => (losses += 1),
  });
  return { sts, inputs, state, credentials, losses: () => losses };
}

describe('credentials of programs', () => {
  it('are those of the queue’s role, under the name of the worker', async () => {
    const { credentials, inputs } = await start();
    expect(credentials.env()).toEqual({
      AWS_ACCESS_KEY_ID: 'id-1',
      AWS_SECRET_ACCESS_KEY: 'secret-1',
      AWS_SESSION_TOKEN: 'token-1',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
    });
    expect(inputs[0]).toMatchObject({ RoleArn: ROLE, DurationSeconds: 3600 });
    expect(inputs[0]?.RoleSessionName).toMatch(/^[\w+=,.@-]{2,64}$/);
    credentials.close();
  });

  it('are renewed at half their time: a program has half an hour at least', async () => {
    const { credentials } = await start();
    await vi.advanceTimersByTimeAsync(30 * MINUTE - 1);
    expect(credentials.env()['AWS_ACCESS_KEY_ID']).toBe('id-1');
    await vi.advanceTimersByTimeAsync(1);
    expect(credentials.env()['AWS_ACCESS_KEY_ID']).toBe('id-2');
    await vi.advanceTimersByTimeAsync(30 * MINUTE);
    expect(credentials.env()['AWS_ACCESS_KEY_ID']).toBe('id-3');
    credentials.close();
  });

  it('that cannot be renewed are asked for again; the worker is told shortly before they end', async () => {
    const { sts, credentials, losses, state } = await start();
    sts.fail = true;
    await vi.advanceTimersByTimeAsync(54 * MINUTE);
    expect(losses()).toBe(0);
    expect(state.log.length).toBeGreaterThan(10);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(losses()).toBe(1);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(losses()).toBe(1);
    credentials.close();
  });

  it('recover when STS does', async () => {
    const { sts, credentials, losses } = await start();
    sts.fail = true;
    await vi.advanceTimersByTimeAsync(40 * MINUTE);
    sts.fail = false;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(credentials.env()['AWS_ACCESS_KEY_ID']).not.toBe('id-1');
    await vi.advanceTimersByTimeAsync(25 * MINUTE);
    expect(losses()).toBe(0);
    credentials.close();
  });

  it('are not waited for without end when STS does not answer', async () => {
    vi.useRealTimers();
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { url } = await startSilentServer();
    const sts = makeStsClient(url, 50);
    const { ports } = makeMemoryPorts();
    await expect(
      startProgramCredentials(sts, {
        roleArn: ROLE,
        worker: 'w',
        region: undefined,
        log: ports.log,
        onLost() {},
      }),
    ).rejects.toThrow('50 ms');
    sts.destroy();
  });
});
