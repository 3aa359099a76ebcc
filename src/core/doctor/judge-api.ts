import { PROTOCOL_VERSION } from '../envelope.ts';
import type { MillraceError } from '../errors.ts';
import { found, passed, type CheckResult } from './finding.ts';

/** What is judged of the way to a Millrace, before any queue of it. */

const LEAST_NODE = [22, 18] as const; // the first to run .ts files without a flag
const MOST_SKEW_MS = 5000; // src/core/limits.ts, CLOCK_SKEW_MS: what leases allow for
const DATE_STEP_MS = 1000; // of a Date header

export function judgeNode(version: string): CheckResult {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor))
    return passed('node', `Node ${version}`);
  const hint = 'Install a newer one, or run `npx millrace` in a checkout, which brings its own.';
  return found('node_too_old', 'this Node.js is too old', hint, {
    expected: `${LEAST_NODE.join('.')} or newer`,
    got: version,
  });
}

/** @param checks what the API says of what it depends on */
export function judgeDependencies(checks: Readonly<Record<string, string>>): CheckResult[] {
  const failing = Object.entries(checks).filter(([, state]) => state !== 'ok');
  if (failing.length === 0)
    return [passed('api', `it answers, and reaches ${Object.keys(checks).join(' and ')}`)];
  const hint = 'See its log; deployed, compare its role and its environment with the stack: deploy it again.';
  return failing.map(([name, state]) =>
    found('dependency_failing', `the API cannot use ${name}`, hint, { expected: 'ok', got: state }),
  );
}

export function judgeVersion(
  client: { readonly version: string },
  server: { readonly version: string; readonly protocol: number },
): CheckResult {
  if (client.version === server.version && server.protocol === PROTOCOL_VERSION) {
    return passed('version', `version ${server.version} here and there`);
  }
  const text = (version: string, protocol: number) => `version ${version}, protocol ${protocol}`;
  return found(
    'version_differs',
    'this command and the API are of different versions',
    'Upgrade the older one: install the same version here, or deploy (or start) the stack anew.',
    { expected: text(client.version, PROTOCOL_VERSION), got: text(server.version, server.protocol) },
  );
}

/** How far the server's clock is ahead of ours, from a Date header, and how long that answer took. */
export interface ClockReading {
  readonly skewMs: number;
  readonly tookMs: number;
}

export function judgeClock({ skewMs, tookMs }: ClockReading): CheckResult {
  const uncertainMs = DATE_STEP_MS / 2 + tookMs / 2;
  if (Math.abs(skewMs) <= MOST_SKEW_MS + uncertainMs) {
    return passed(
      'clock',
      `the clocks agree to within ${Math.ceil((Math.abs(skewMs) + uncertainMs) / 1000)} s`,
    );
  }
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const message = `the clock of this machine is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} that of the API`;
  const hint =
    'Set the clock (NTP). A worker of this machine would break leases, and AWS refuses what is signed five minutes off.';
  return found('clock_skew', message, hint, { expected: 'at most 5 s', got: `${seconds} s` });
}

/** An error on the way as a finding. @param queue whose examination it ended */
export function judgeError(error: MillraceError, queue?: string): CheckResult {
  const { code, message, hint, expected, got } = error;
  const more = {
    ...(queue !== undefined && { queue }),
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
  };
  if (code === 'unknown_route') {
    const upgrade = 'Deploy (or start) the stack from this version, or use the command of its version.';
    return found(
      'server_older',
      'the API does not know the doctor: it is of an older version',
      upgrade,
      more,
    );
  }
  const known = code === 'unavailable' || code === 'unauthorized' || code === 'forbidden';
  return found(known ? code : 'api_failing', message, hint, more);
}
