import { afterAll, beforeAll, describe } from 'vitest';
import { ANY_PORT } from '../../src/local/choose-port.ts';
import { startEmbeddedDynamodb } from '../../src/local/embedded-dynamodb.ts';
import { startEmbeddedSqs } from '../../src/local/embedded-sqs.ts';
import { KEY } from '../local/embedded-servers.ts';
import { allContracts } from './all.contract.ts';
import { openAws, type UseBackend } from './backend.ts';

/** The adapters of src/aws on the servers of src/local, through the SDK and sockets. */
describe.each([
  ['single writes', false],
  ['statements', true],
])('embedded, %s', (_writes, inStatements) => {
  const stops: (() => Promise<void>)[] = [];
  let use: UseBackend;
  beforeAll(async () => {
    const options = { port: ANY_PORT, dataDir: null, key: KEY };
    const [sqs, dynamodb] = [await startEmbeddedSqs(options), await startEmbeddedDynamodb(options)];
    const target = { sqs: sqs.url, dynamodb: dynamodb.url, region: 'us-east-1', key: KEY };
    const aws = await openAws(target, { inStatements });
    use = aws.use;
    stops.push(
      aws.close,
      () => sqs.close(),
      () => dynamodb.close(),
    );
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });
  allContracts((body) => use(body));
});
