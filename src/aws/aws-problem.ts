import { MillraceError } from '../core/errors.ts';

const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const BAD_CREDENTIALS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/** An error of the AWS SDK as one of ours. @param what was tried, as the object of "cannot" */
export function toAwsProblem(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const name = error instanceof Error ? error.name : '';
  const said = error instanceof Error ? error.message || name : String(error);
  if (NO_CREDENTIALS.has(name)) {
    return new MillraceError('unauthorized', `Cannot ${what}: there are no AWS credentials.`, {
      expected: 'credentials from the environment, a profile, SSO, or the role of the machine',
      got: said,
      hint: 'Sign in (`aws sso login`, `aws configure`) or name a profile with AWS_PROFILE; `aws sts get-caller-identity` shows whether it worked.',
      cause: error,
    });
  }
  if (BAD_CREDENTIALS.has(name)) {
    return new MillraceError('unauthorized', `Cannot ${what}: AWS does not accept the credentials.`, {
      got: said,
      hint: 'Sign in again; `aws sts get-caller-identity` shows whether it worked. Check the clock of this machine.',
      cause: error,
    });
  }
  if (DENIED.has(name)) {
    return new MillraceError('forbidden', `Cannot ${what}: the credentials do not allow it.`, {
      got: said,
      hint: 'Use credentials with that permission, or have it granted.',
      cause: error,
    });
  }
  return new MillraceError('unavailable', `Cannot ${what}: ${said.replace(/\.$/, '')}.`, {
    got: said,
    hint: 'Check the region, the network, and AWS_ENDPOINT_URL if it is set.',
    cause: error,
  });
}
