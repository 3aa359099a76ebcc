import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** Creates a queue and returns its URL. */
export async function createQueue(
  client: SQSClient,
  name = 'q',
  attributes: Record<string, string> = {},
): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl ?? '';
}

/** Receives up to ten messages with all their attributes. */
export async function receive(
  client: SQSClient,
  url: string,
  { waitSeconds = 0, visibilitySeconds = 600 } = {},
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: visibilitySeconds,
    WaitTimeSeconds: waitSeconds,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  return (await client.send(command)).Messages ?? [];
}

/** All attributes of a queue, counts included. */
export async function attributesOf(client: SQSClient, url: string): Promise<Record<string, string>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
  return (await client.send(command)).Attributes ?? {};
}

/** The counts of a queue: visible, in flight, delayed. */
export async function countMessages(client: SQSClient, url: string): Promise<number[]> {
  const attributes = await attributesOf(client, url);
  return ['', 'NotVisible', 'Delayed'].map((kind) =>
    Number(attributes[`ApproximateNumberOfMessages${kind}`]),
  );
}
