import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalStack } from '../../test/support/local-stack.ts';
import { against, contendersOf, interleave, type Contender } from '../rounds.ts';
import type { Context, Section } from '../section.ts';
import type { System } from '../systems/system.ts';
import { noops, type Task } from '../workload.ts';

export const bulk: Section = {
  name: 'bulk',
  title: 'bulk enqueue of no-op commands, as the users of each do it',
  run: async (context) => {
    const tasks = noops(context.options.lines);
    const contenders = contendersOf<'rate'>(context, 'bulk', 'command', (system) => enqueue(system, tasks));
    const figures = await interleave(context, [...contenders, ...(await bareLoop(context, tasks))]);
    return [against(figures('rate'), { what: 'enqueued', unit: 'tasks/s', better: 'more' })];
  },
};

async function enqueue(system: System, tasks: readonly Task[]): Promise<{ rate: number }> {
  const session = await system.open();
  try {
    return { rate: (tasks.length * 1000) / (await session.enqueue('command', tasks)) };
  } finally {
    await session.close();
  }
}

/** What Millrace's messages alone cost: the producer of the peer on the same queue sends them, ten by ten. */
async function bareLoop({ systems, skip }: Context, tasks: readonly Task[]): Promise<Contender<'rate'>[]> {
  const who = 'the same messages by a bare SDK loop';
  const sender = systems.find(({ name }) => name === 'sqs-consumer');
  if (!sender) {
    skip(who, 'it is the producer of sqs-consumer, which is not here');
    return [];
  }
  const command = await sampleMessage();
  const messages = tasks.map(() => ({ command, ms: 0 }));
  return [{ who, measure: () => enqueue(sender, messages) }];
}

/** The body of a message that Millrace sends for a task of a batch. */
async function sampleMessage(): Promise<string> {
  const stack = await LocalStack.start();
  try {
    const loaded = await stack.cli(['load', 'default', '-', '--json'], 'true\n');
    if (loaded.code !== 0) throw new Error(`load exited ${loaded.code}: ${loaded.stderr}`);
    const key = new URL(stack.ready.api).password;
    const credentials = { accessKeyId: key, secretAccessKey: key };
    const sqs = new SQSClient({ endpoint: stack.ready.sqs, region: 'us-east-1', credentials });
    const QueueUrl = stack.ready.queues['default'];
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
    sqs.destroy();
    const body = Messages?.[0]?.Body;
    if (body === undefined) throw new Error('no message of the task was received');
    return body;
  } finally {
    await stack.remove();
  }
}
