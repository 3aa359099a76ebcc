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
  if (deployed) {
    const { makeSigningFetch } = await import('../aws/signing-fetch.ts');
    return makeSigningFetch(deployed.access);
  }
  if (!isExecuteApi(url)) return undefined;
  const { makeFetchFor } = await import('../aws/signing-fetch-for.ts');
  return makeFetchFor(url, env);
}

/** Whether API Gateway answers there, in AWS (`ID.execute-api.REGION.amazonaws.com`) or in an emulator (`ID.execute-api.localhost`). */
function isExecuteApi(address: string): boolean {
  const { hostname, username } = new URL(address);
  return hostname.split('.')[1] === 'execute-api' && username === '';
}
