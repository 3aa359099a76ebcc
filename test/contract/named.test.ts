import process from 'node:process';
import { afterAll, beforeAll, describe } from 'vitest';
import { allContracts } from './all.contract.ts';
import { openAws, type UseBackend } from './backend.ts';

/**
 * The adapters of src/aws on whatever the SDK's own variables name (AWS_ENDPOINT_URL, AWS_REGION, credentials): an
 * emulator, or AWS itself. Makes a table and queues of its own there and removes them: `npm run test:contract`.
 */
describe.runIf(process.env['MILLRACE_TEST_CONTRACT'] === 'named').each([
  ['single writes', false],
  ['statements', true],
])('named by the environment, %s', (_writes, inStatements) => {
  const stops: (() => Promise<void>)[] = [];
  let use: UseBackend;
  beforeAll(async () => {
    const { env } = process;
    const target = {
      sqs: env['AWS_ENDPOINT_URL_SQS'] || env['AWS_ENDPOINT_URL'],
      dynamodb: env['AWS_ENDPOINT_URL_DYNAMODB'] || env['AWS_ENDPOINT_URL'],
    };
    const aws = await openAws(target, { inStatements });
    use = aws.use;
    stops.push(aws.close);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });
  allContracts((body) => use(body));
});
