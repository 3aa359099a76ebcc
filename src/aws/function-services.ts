import type { AwsCaller } from './aws-caller.ts';
import type { AwsServices } from './aws-services.ts';
import { makeStatedServices, statedCaller, type Stated } from './stated-services.ts';

type Env = Readonly<Record<string, string | undefined>>;
type ServiceName = 'dynamodb' | 'lambda' | 'sqs';

const URL_SUFFIX = 'amazonaws.com';

/**
 * A function asks as its environment says, where Lambda puts region and credentials, and names nothing else: the SDK,
 * which would find the same, takes longer to load than all the rest.
 * @param service as in the names of endpoints and in signatures
 */
export function functionCaller(env: Env, service: ServiceName): AwsCaller {
  return statedCaller(stated(env, service));
}

/** SQS and DynamoDB, asked by a function. @throws Error for what Lambda did not set */
export function makeFunctionServices(env: Env): AwsServices {
  return makeStatedServices({ sqs: stated(env, 'sqs'), dynamodb: stated(env, 'dynamodb') });
}

function stated(env: Env, service: ServiceName): Stated {
  const region = required(env, 'AWS_REGION');
  const given = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || env['AWS_ENDPOINT_URL'];
  const suffix = env['MILLRACE_URL_SUFFIX'] || URL_SUFFIX; // China and others have their own
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const credentials = {
    accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken !== undefined && { sessionToken }),
  };
  return { url: new URL(given || `https://${service}.${region}.${suffix}`), region, credentials };
}

function required(env: Env, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name}: expected a value in the environment of this function, where Lambda puts it`);
}
