import { CreateQueueCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { AwsClients } from '../../src/aws/aws-clients.ts';
import { buildCreateTable, provisionQueue } from '../../src/aws/provision.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { TABLE } from '../../src/core/table-definition.ts';
import { synthesise } from './synthesised.ts';

const LOCAL_ARN = 'arn:aws:sqs:us-east-1:000000000000:dead';

/** The attributes with which local mode makes the queues of a definition, by their names. */
async function provisioned(
  name: string,
  leaseSeconds: number,
): Promise<Record<string, Record<string, string>>> {
  const made: Record<string, Record<string, string>> = {};
  const send = async (command: unknown) => {
    if (command instanceof GetQueueUrlCommand) throw new Error('not there yet');
    if (!(command instanceof CreateQueueCommand)) return { Attributes: { QueueArn: LOCAL_ARN } };
    const { QueueName: queue = '', Attributes: attributes = {} } = command.input;
    made[queue] = attributes;
    return { QueueUrl: `http://127.0.0.1/${queue}` };
  };
  const clients = { client: { send } as unknown as SQSClient } as AwsClients;
  await provisionQueue(clients, queueDefinitionSchema.parse({ name, leaseSeconds }));
  return made;
}

describe('the deployed table and the local one', () => {
  const { Properties: deployed } = synthesise().resource('Table/Table');
  const local = buildCreateTable('any');

  it('have the same keys, indexes and billing', () => {
    const indexes = deployed['GlobalSecondaryIndexes'] as Record<string, unknown>[];
    expect(deployed['KeySchema']).toEqual(local.KeySchema);
    expect(indexes).toEqual(local.GlobalSecondaryIndexes);
    expect(deployed['BillingMode']).toBe(local.BillingMode);
  });

  it('declare the same attributes', () => {
    const byName = (list: unknown) =>
      new Map(
        (list as { AttributeName: string; AttributeType: string }[]).map((a) => [
          a.AttributeName,
          a.AttributeType,
        ]),
      );
    expect(byName(deployed['AttributeDefinitions'])).toEqual(byName(local.AttributeDefinitions));
  });

  it('expire rows by the same attribute', () => {
    expect(deployed['TimeToLiveSpecification']).toEqual({ AttributeName: TABLE.ttl, Enabled: true });
  });
});

describe('a deployed queue and a local one', () => {
  it.each([
    ['default', 60],
    ['short', 3],
  ])('%s: same times, same redrive policy', async (name, leaseSeconds) => {
    const stack = synthesise({ queues: [{ name, leaseSeconds }] }, 'millrace');
    const local = await provisioned(name, leaseSeconds);
    for (const [path, queue] of [
      [`Queue-${name}/Queue`, `millrace-${name}`],
      [`Queue-${name}/DeadLetters`, `millrace-${name}-dead`],
    ] as const) {
      const { Properties: deployed } = stack.resource(path);
      expect(deployed['QueueName']).toBe(queue);
      const { RedrivePolicy: localRedrive, ...localTimes } = local[queue] ?? {};
      const { RedrivePolicy: redrive } = deployed as { RedrivePolicy?: { maxReceiveCount: number } };
      for (const [attribute, value] of Object.entries(localTimes)) {
        expect(String(deployed[attribute]), `${queue} ${attribute}`).toBe(value);
      }
      const { maxReceiveCount } = JSON.parse(localRedrive ?? '{}') as { maxReceiveCount?: number };
      expect(redrive?.maxReceiveCount, queue).toBe(maxReceiveCount);
    }
  });

  it('sends its dead letters where its own function takes them', () => {
    const stack = synthesise({ queues: [{ name: 'a' }, { name: 'b' }] });
    const mappings = [...stack.ofType('AWS::Lambda::EventSourceMapping').values()];
    const sources = mappings.map(({ Properties: { EventSourceArn: arn } }) => {
      const [id] = (arn as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'];
      return stack.pathOf(id);
    });
    expect(sources).toEqual(['Queue-a/DeadLetters', 'Queue-b/DeadLetters']);
    for (const { Properties: mapping } of mappings) {
      expect(mapping['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
    }
  });

  it('is refused when its name does not fit with the stack’s', () => {
    expect(() => synthesise({ queues: [{ name: 'q'.repeat(50) }] }, 'S'.repeat(30))).toThrow(
      /at most 80 characters/,
    );
  });
});
