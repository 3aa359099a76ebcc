import type { AwsTarget } from './aws-clients.ts';
import type { AwsServices } from './aws-services.ts';
import { makeStatedServices } from './stated-services.ts';

/** SQS and DynamoDB for a worker. The SDK is loaded only where it has to find something: region, place, credentials. */
export async function openServices(target: AwsTarget): Promise<AwsServices> {
  const { sqs, dynamodb, region, key } = target;
  if (sqs === undefined || dynamodb === undefined || region === undefined || key === undefined) {
    const { makeAwsClients } = await import('./aws-clients.ts');
    return makeAwsClients(target);
  }
  const own = { region, credentials: { accessKeyId: key, secretAccessKey: key } };
  return makeStatedServices({
    sqs: { url: new URL(sqs), ...own },
    dynamodb: { url: new URL(dynamodb), ...own },
  });
}
