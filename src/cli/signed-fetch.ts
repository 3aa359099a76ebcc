import { MillraceError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import type { Target } from './find-target.ts';

/**
 * The `fetch` for an API that wants requests signed: that of a deployed stack, or any at an `execute-api` host.
 * undefined for all others: their address bears a key.
 * @throws MillraceError `unavailable` when no region is known to sign for
 */
export async function signedFetch(
  target: Pick<Target, 'url' | 'deployed'>,
  { env }: CliContext,
): Promise<typeof fetch | undefined> {
  const { url, deployed } = target;
  if (!deployed && !isExecuteApi(url)) return undefined;
  const { makeSigningFetch } = await import('../aws/signing-fetch.ts');
  if (deployed) return makeSigningFetch(deployed.access);
  const { findRegion, makeCredentials } = await import('../aws/aws-access.ts');
  const region = regionOfApi(url) ?? (await findRegion(env));
  if (region === undefined) {
    throw new MillraceError('unavailable', 'There is no region to sign requests for.', {
      expected: 'AWS_REGION, or a profile with a region',
      got: 'neither',
      hint: 'Set AWS_REGION to the region that the stack is deployed in.',
    });
  }
  return makeSigningFetch({ region, credentials: makeCredentials() });
}

/** Whether API Gateway answers there, in AWS (`ID.execute-api.REGION.amazonaws.com`) or in an emulator (`ID.execute-api.localhost`). */
function isExecuteApi(address: string): boolean {
  const { hostname, username } = new URL(address);
  return hostname.split('.')[1] === 'execute-api' && username === '';
}

/** The region in the name of such a host; undefined for an emulator's. */
function regionOfApi(address: string): string | undefined {
  const { hostname } = new URL(address);
  return /\.execute-api\.([a-z]{2}(?:-[a-z]+)+-\d)\.[a-z.]+$/.exec(hostname)?.[1];
}
