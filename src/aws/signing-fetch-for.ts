import { MillraceError } from '../core/errors.ts';
import { findRegion, makeCredentials } from './aws-access.ts';
import { makeSigningFetch } from './signing-fetch.ts';

/**
 * A `fetch` that signs for the API at this address, with the credentials that the SDK finds.
 * @param named the region to sign for; else that in the host's name, else that of environment or profile
 * @throws MillraceError `unavailable` when no region is known
 */
export async function makeFetchFor(
  address: string,
  env: Readonly<Record<string, string | undefined>>,
  named?: string,
): Promise<typeof fetch> {
  const region = named ?? regionOfApi(address) ?? (await findRegion(env));
  if (region === undefined) {
    throw new MillraceError('unavailable', 'There is no region to sign requests for.', {
      expected: 'AWS_REGION, or a profile with a region',
      got: 'neither',
      hint: 'Set AWS_REGION to the region that the stack is deployed in.',
    });
  }
  return makeSigningFetch({ region, credentials: makeCredentials() });
}

/** The region in `ID.execute-api.REGION.amazonaws.com`; undefined for an emulator's host, or a name of one's own. */
function regionOfApi(address: string): string | undefined {
  const { hostname } = new URL(address);
  return /\.execute-api\.([a-z]{2}(?:-[a-z]+)+-\d)\.[a-z.]+$/.exec(hostname)?.[1];
}
