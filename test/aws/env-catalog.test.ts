import { describe, expect, it } from 'vitest';
import { makeEnvCatalog } from '../../src/aws/env-catalog.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { queueNames } from '../../src/core/table-definition.ts';

describe('MILLRACE_QUEUES', () => {
  it('lists the queues, with the defaults of what it leaves out', async () => {
    const catalog = makeEnvCatalog('[{"name":"mail","maxWorkers":0},{"name":"default"}]');
    expect((await catalog.list()).map(({ name }) => name)).toEqual(['mail', 'default']);
    expect(await catalog.find('mail')).toEqual(queueDefinitionSchema.parse({ name: 'mail', maxWorkers: 0 }));
    expect(await catalog.find('other')).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    '{}',
    'x',
    '[{"name":"a b"}]',
    '[{"name":"a","cpu":300}]',
    '[{"name":"a","colour":1}]',
  ])('is refused when it is %j', (text) => {
    expect(() => makeEnvCatalog(text)).toThrow('MILLRACE_QUEUES: expected a JSON array of queue definitions');
  });
});

describe('the definition of a queue', () => {
  it.each([
    ['environment', { AWS_REGION: 'x' }],
    ['environment', { MILLRACE_TABLE: 'x' }],
    ['environment', { 'a b': 'x' }],
    ['secretNames', ['ECS_AGENT_URI']],
    ['programRoleArn', 'admin'],
    ['spotShare', 1.1],
    ['graceSeconds', 119],
  ])('refuses %s: %j', (field, value) => {
    expect(queueDefinitionSchema.safeParse({ name: 'a', [field]: value }).success).toBe(false);
  });

  it('has names in SQS with the prefix of its stack, if SQS takes them', () => {
    expect(queueNames('mail', 'Mill-')).toEqual({ name: 'Mill-mail', deadName: 'Mill-mail-dead' });
    expect(queueNames('mail')).toEqual({ name: 'millrace-mail', deadName: 'millrace-mail-dead' });
    expect(() => queueNames('q'.repeat(50), 'p'.repeat(26))).toThrow('at most 80 characters');
  });
});
