import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { defaultProvider } from '@aws-sdk/credential-provider-node';

/** Gives credentials, and fresh ones when they are about to end. */
export type Credentials = ReturnType<typeof defaultProvider>;

/** Who asks, and where. */
export interface AwsAccess {
  readonly region: string;
  readonly credentials: Credentials;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Machines that are no part of AWS have nobody who answers at the metadata address. */
const METADATA_TIMEOUT_MS = 1000;

/** The default chain of the SDK: environment, profile, SSO, container, instance. */
export function makeCredentials(): Credentials {
  return defaultProvider({ timeout: METADATA_TIMEOUT_MS, maxRetries: 0 });
}

/** The region that environment or profile name; undefined when neither does. Asks no network. */
export async function findRegion(env: Env): Promise<string | undefined> {
  const named = env['AWS_REGION'] || env['AWS_DEFAULT_REGION']; // the SDK reads the first only, the CLI both
  if (named) return named;
  const client = new CloudFormationClient({});
  try {
    return await client.config.region();
  } catch {
    return undefined; // "Region is missing": no profile names one
  } finally {
    client.destroy();
  }
}
