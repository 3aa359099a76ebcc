import type { Credentials } from './sign-post.ts';

/** Who asks a service of AWS, and where it is; asked anew for every request, since credentials end. */
export interface AwsCaller {
  readonly region: () => Promise<string>;
  readonly endpoint: () => Promise<URL>;
  readonly credentials: () => Promise<Credentials>;
  /** How often a request is tried in all. */
  readonly maxAttempts: () => Promise<number>;
}
