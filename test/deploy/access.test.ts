import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { deleteRolePolicies, makeIamUser, putRolePolicy, rolePolicies } from '../support/iam-users.ts';
import { ACCOUNT, REGION } from '../support/ministack.ts';
import { StackUser } from '../support/stack-user.ts';
import { readStackResources } from '../support/stack-resources.ts';

const API = `arn:aws:execute-api:${REGION}:${ACCOUNT}`;

/** Only the entitled: IAM judges each request before the function sees it. */
describe('the API of a deployed stack', () => {
  const deployed = inject('deployed');
  const users: StackUser[] = [];

  async function open(name: string, actions: readonly string[], resource = `${API}:*`): Promise<StackUser> {
    const statements = actions.map((Action) => ({ Action, Resource: resource }));
    const user = await StackUser.open(deployed, await makeIamUser(deployed.endpoint, name, statements));
    users.push(user);
    return user;
  }
  const enqueue = (user: StackUser, request = {}) =>
    user.send('/v1/queues/access/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"command":"true"}',
      ...request,
    });

  let entitled: StackUser;
  beforeAll(async () => {
    entitled = await open('entitled', ['execute-api:Invoke']);
  });
  afterAll(async () => {
    for (const user of users) await user.close();
  });

  test('takes the requests of a user who may invoke it', async () => {
    expect((await enqueue(entitled)).status).toBe(201);
  });

  test('refuses a user who may not', async () => {
    const stranger = await open('stranger', ['sqs:ListQueues'], '*');
    expect((await enqueue(stranger)).status).toBe(403);
    expect((await stranger.send('/v1/queues')).status).toBe(403);
  });

  test('lets a user read who may only read', async () => {
    const apiId = new URL(deployed.outputs.ApiUrl).hostname.split('.')[0];
    const reader = await open('reader', ['execute-api:Invoke'], `${API}:${apiId}/*/GET/*`);
    expect((await reader.send('/v1/queues')).status).toBe(200);
    expect((await enqueue(reader)).status).toBe(403);
  });

  test.for(['/v1/queues', '/openapi.json', '/healthz'])(
    'answers nobody without a signature: %s',
    async (path) => {
      expect((await entitled.send(path, { key: undefined })).status).toBe(403);
    },
  );

  test('refuses a wrong secret, an unknown key, and a signature of something else', async () => {
    const { key } = entitled;
    const requests = [
      { key: { ...key, secretAccessKey: `${key.secretAccessKey}x` } },
      { key: { ...key, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' } },
      { tamper: (headers: Record<string, string>) => (headers['x-amz-date'] = '20200101T000000Z') },
      {
        tamper: (headers: Record<string, string>) => {
          headers['authorization'] = (headers['authorization'] ?? '').replace(
            /Signature=..../,
            'Signature=0000',
          );
        },
      },
    ];
    for (const request of requests) expect((await enqueue(entitled, request)).status).toBe(403);
  });

  test('can do nothing without the rights of its function’s role', async () => {
    const resources = await readStackResources(deployed.endpoint, deployed.context.stack);
    const role = resources.find(
      ({ type, logicalId }) => type === 'AWS::IAM::Role' && /Api.*Role/.test(logicalId),
    );
    expect(role).toBeDefined();
    const name = role?.physicalId ?? '';
    const policies = await rolePolicies(deployed.endpoint, name);
    await deleteRolePolicies(deployed.endpoint, name);
    try {
      expect((await enqueue(entitled)).status).toBeGreaterThanOrEqual(500);
    } finally {
      for (const [at, policy] of policies.entries()) {
        await putRolePolicy(deployed.endpoint, name, `restored-${at}`, policy);
      }
    }
    expect((await enqueue(entitled)).status).toBe(201);
  });
});
