import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Log } from '../core/ports.ts';

/** AWS rights of programs: those of their queue's own role, never those of the worker. */
export interface ProgramCredentials {
  /** For the environment of a program that starts now. */
  env(): Readonly<Record<string, string>>;
  close(): void;
}

interface Options {
  readonly roleArn: string;
  /** Names the worker in CloudTrail. */
  readonly worker: string;
  readonly region: string | undefined;
  readonly log: Log;
  /** Called when they are about to end and could not be renewed: programs that start now would be helpless. */
  readonly onLost: () => void;
}

const LIFE_SECONDS = 3600; // what AWS allows a role that takes on another
const LAST_MS = 5 * 60_000;
const RETRY_MS = 30_000;
const REQUEST_MS = 8000;

/** One whose requests end: a renewal that hangs would never be tried again, and programs would get what has ended. */
export function makeStsClient(endpoint?: string, timeoutMs = REQUEST_MS): STSClient {
  return new STSClient({
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: { connectionTimeout: 2000, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
  });
}

/**
 * Takes on the role, and takes it on anew at half its time: a program has its rights for half an hour at least.
 * @throws when the role cannot be taken on
 */
export async function startProgramCredentials(sts: STSClient, options: Options): Promise<ProgramCredentials> {
  const { region, log, onLost } = options;
  let current = await assume(sts, options);
  let timer: NodeJS.Timeout;
  const schedule = (ms: number): void => {
    timer = setTimeout(() => void renew(), Math.max(0, ms)).unref();
  };
  const renew = async (): Promise<void> => {
    try {
      current = await assume(sts, options);
      schedule((current.endsAt - Date.now()) / 2);
    } catch (error) {
      log.error({ err: error }, 'could not renew the credentials of programs; trying again');
      if (current.endsAt - Date.now() < LAST_MS) onLost();
      else schedule(RETRY_MS);
    }
  };
  schedule((current.endsAt - Date.now()) / 2);
  return {
    env: () => ({
      ...current.env,
      ...(region !== undefined && { AWS_REGION: region, AWS_DEFAULT_REGION: region }), // SDKs read the one, the CLI both
    }),
    close: () => clearTimeout(timer),
  };
}

async function assume(sts: STSClient, { roleArn, worker }: Options) {
  const { Credentials: credentials } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: worker.replace(/[^\w+=,.@-]/g, '-').slice(0, 64),
      DurationSeconds: LIFE_SECONDS,
    }),
  );
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken)
    throw new Error(`STS gave no credentials for ${roleArn}`);
  return {
    env: {
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: SessionToken,
    },
    endsAt: Expiration?.getTime() ?? Date.now() + LIFE_SECONDS * 1000,
  };
}
