import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig, toDefinition } from '../../infra/config.ts';
import { toQueuesVariable } from '../../infra/function-environment.ts';
import { makeEnvCatalog } from '../../src/aws/env-catalog.ts';
import { DEFAULT_QUEUE, queueDefinitionSchema } from '../../src/core/queue-definition.ts';

describe('the config', () => {
  it('gives one queue, default, when it says nothing', () => {
    for (const nothing of [undefined, {}]) {
      const { queues, deletionProtection, logRetentionDays } = parseConfig(nothing);
      expect(queues.map((queue) => toDefinition(queue))).toEqual([DEFAULT_QUEUE]);
      expect({ deletionProtection, logRetentionDays }).toEqual({
        deletionProtection: true,
        logRetentionDays: 30,
      });
    }
  });

  it('of cdk.json is one', () => {
    const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: { millrace: unknown } };
    expect(parseConfig(context.millrace).queues.map(({ name }) => name)).toEqual(['default']);
  });

  it.each([
    ['a setting that does not exist', { quues: [] }, /quues/],
    ['no queue at all', { queues: [] }, /at least one queue/],
    ['a queue without a name', { queues: [{}] }, /queues\[0\]\.name/],
    ['two queues of one name', { queues: [{ name: 'a' }, { name: 'a' }] }, /too like another queue’s: a/],
    [
      'two names that outputs cannot tell apart',
      { queues: [{ name: 'a-b' }, { name: 'a_b' }] },
      /too like another/,
    ],
    [
      'a size that Fargate has not',
      { queues: [{ name: 'a', cpu: 256, memoryMiB: 4096 }] },
      /choose 512, 1024, 2048/,
    ],
    ['a lease of no time', { queues: [{ name: 'a', leaseSeconds: 1 }] }, /leaseSeconds/],
    [
      'a secret’s value in place of its name',
      { queues: [{ name: 'a', secrets: { KEY: 'hunter2' } }] },
      /secret:NAME/,
    ],
    [
      'a reserved variable',
      { queues: [{ name: 'a', secrets: { AWS_KEY: 'secret:k' } }] },
      /a name without AWS_.*secrets\.AWS_KEY/s,
    ],
    [
      'a variable whose name is none',
      { queues: [{ name: 'a', environment: { '1A': 'x' } }] },
      /the name of an environment variable/,
    ],
    [
      'a variable with a value and a secret',
      { queues: [{ name: 'a', environment: { KEY: 'x' }, secrets: { KEY: 'secret:k' } }] },
      /is in `environment` too.*secrets\.KEY/s,
    ],
    ['a VPC that is none', { vpc: { id: 'vpc-1', subnetIds: ['subnet-12345678'] } }, /expected vpc- and 8/],
    [
      'a role that is none',
      { queues: [{ name: 'a', programRole: 'Admin' }] },
      /the ARN of a role, or a list/,
    ],
    ['a retention that CloudWatch has not', { logRetentionDays: 31 }, /logRetentionDays/],
    ['an address that is none', { alarmEmail: 'ops' }, /alarmEmail/],
    ['a text', 'default', /expected object/],
  ])('refuses %s, and says where and why', (_, config, message) => {
    expect(() => parseConfig(config)).toThrow(message);
    expect(() => parseConfig(config)).toThrow(/docs\/deploy\.md/);
  });

  it('never repeats what was put in place of a secret’s name', () => {
    const config = { queues: [{ name: 'a', secrets: { KEY: 'hunter2' } }] };
    expect(() => parseConfig(config)).not.toThrow(/hunter2/);
    expect(() => parseConfig(config)).toThrow();
  });
});

describe('the queues as functions are told of them', () => {
  const definition = queueDefinitionSchema.parse({
    name: 'reports',
    leaseSeconds: 120,
    program: ['/usr/local/bin/report', '/tmp'],
    environment: { LEVEL: 'high' },
    secretNames: ['TOKEN'],
  });

  it('are read back as they were, but for what only workers need', async () => {
    const read = await makeEnvCatalog(toQueuesVariable([DEFAULT_QUEUE, definition], 'Millrace-')).list();
    expect(read).toEqual([DEFAULT_QUEUE, { ...definition, environment: {}, secretNames: [] }]);
  });

  it('fit Lambda’s 4 KB for sixty queues with defaults', () => {
    const many = Array.from({ length: 60 }, (_, at) => queueDefinitionSchema.parse({ name: `queue-${at}` }));
    expect(Buffer.byteLength(toQueuesVariable(many, 'Millrace-'))).toBeLessThan(3500);
  });

  it('are refused when the launcher’s task definitions do not fit beside them', () => {
    const many = Array.from({ length: 100 }, (_, at) => queueDefinitionSchema.parse({ name: `queue-${at}` }));
    const families = Object.fromEntries(many.map(({ name }) => [name, `Millrace-${name}`]));
    const names = many.map(({ name }) => ({ name }));
    expect(Buffer.byteLength(JSON.stringify(names) + JSON.stringify(families))).toBeGreaterThan(4096);
    expect(() => toQueuesVariable(many, 'Millrace-')).toThrow(/put some queues into another stack/);
  });

  it('are refused when they do not fit', () => {
    const many = Array.from({ length: 200 }, (_, at) => queueDefinitionSchema.parse({ name: `queue-${at}` }));
    expect(() => toQueuesVariable(many, 'Millrace-')).toThrow(/put some queues into another stack/);
  });
});
