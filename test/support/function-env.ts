import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanEnv, type LocalStack } from './local-stack.ts';

/** The environment of the API's function: what its stack sets, with SQS and DynamoDB of a local stack. */
export function functionEnv(stack: LocalStack, lambdaUrl: string): NodeJS.ProcessEnv {
  const key = new URL(stack.ready.api).password;
  return {
    ...cleanEnv(stack.data),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: key,
    AWS_SECRET_ACCESS_KEY: key,
    AWS_ENDPOINT_URL_SQS: stack.ready.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: stack.ready.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
    MILLRACE_TABLE: 'millrace',
    MILLRACE_QUEUES: JSON.stringify([{ name: 'default' }]),
    MILLRACE_QUEUE_PREFIX: 'millrace-',
    MILLRACE_LAUNCHER_FUNCTION: 'launcher',
    MILLRACE_SCHEDULER: JSON.stringify({ group: 'none', roleArn: 'none', deadLetterArn: 'none' }),
  };
}

/** A Lambda that takes every event and runs nothing. */
export async function startLambdaStub() {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    request.resume().on('end', () => response.writeHead(202).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths: () => paths,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
