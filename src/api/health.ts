import type { Ports } from '../core/ports.ts';

/** Asks SQS and DynamoDB for what the API needs of them: `ok`, or what came instead. */
export function makeHealth(ports: Ports): () => Promise<Readonly<Record<string, string>>> {
  return async () => {
    const [queue] = await ports.catalog.list();
    const name = queue?.name ?? '';
    const [sqs, dynamodb] = await Promise.all([
      answer(ports.messages.main(name).counts()),
      answer(ports.queues.readControl(name)),
    ]);
    return { sqs, dynamodb };
  };
}

async function answer(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
