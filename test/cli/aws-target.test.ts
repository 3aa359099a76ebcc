import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findAwsTarget } from '../../src/cli/find-aws-target.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { ACCESS_KEY, SECRET_KEY } from '../aws/signature.ts';
import { ScriptedServer } from '../client/scripted-server.ts';
import { fakeContext } from './fake-context.ts';

const QUEUES = JSON.stringify([{ ...DEFAULT_QUEUE, name: 'mail' }]);
const describedStack = (outputs: Record<string, string>): string => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<R><DescribeStacksResult><Stacks><member><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></R>`;
};

describe('the queue of a worker', () => {
  let server: ScriptedServer;
  const find = (stack: string | undefined, env: Record<string, string>) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value); // the SDK reads the process's own
    return findAwsTarget(stack, { ...fakeContext().context, env });
  };

  beforeEach(async () => {
    server = await ScriptedServer.start(() => ({
      text: describedStack({ TableName: 'rows', Queues: QUEUES }),
    }));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });
  const aws = () => ({
    AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${server.port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    XDG_CACHE_HOME: '/nowhere', // nothing can be kept there, and that is no matter
  });

  test.each([
    ['--stack', 'Mine', {}],
    ['MILLRACE_STACK', undefined, { MILLRACE_STACK: 'Mine' }],
  ])(
    'is that of the stack that %s names, with table, names and definitions from its outputs',
    async (_, flag, env) => {
      const target = await find(flag, { ...aws(), ...env });
      expect(target).toMatchObject({ aws: { region: 'eu-west-1' }, tableName: 'rows', isEmulated: false });
      expect(target.names.queuePrefix).toBe('Mine-');
      expect(await target.names.catalog?.list()).toMatchObject([{ name: 'mail' }]);
    },
  );

  test('is what the variables of a worker’s container say', async () => {
    const env = {
      MILLRACE_TABLE: 'rows',
      MILLRACE_QUEUES: QUEUES,
      MILLRACE_QUEUE_PREFIX: 'Mine-',
      MILLRACE_STACK: 'Other',
    };
    const target = await find(undefined, env);
    expect(target).toMatchObject({
      aws: {},
      tableName: 'rows',
      names: { queuePrefix: 'Mine-' },
      isEmulated: false,
    });
    expect(await target.names.catalog?.find('mail')).toBeDefined();
    expect(server.received).toEqual([]);
  });

  test('is never that of a stack that nobody named', async () => {
    await expect(find(undefined, { ...aws(), MILLRACE_DATA: '/nowhere' })).rejects.toMatchObject({
      code: 'unavailable',
      expected: expect.stringContaining('--stack') as string,
    });
    expect(server.received).toEqual([]);
  });
});
