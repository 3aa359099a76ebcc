import { Option, type Command } from 'commander';
import { MillraceClient, type ClientOptions } from '../client/millrace-client.ts';
import type { CliContext } from './context.ts';
import { findTarget, type Target } from './find-target.ts';
import { makePaint, type Paint } from './output/paint.ts';
import { signedFetch } from './signed-fetch.ts';

/** The options of every command that speaks to a Millrace. */
export interface TargetOptions {
  readonly url?: string;
  readonly stack?: string;
  readonly json?: boolean;
}

/** All that a command works with. */
export interface Session {
  readonly context: CliContext;
  readonly target: Target;
  readonly client: MillraceClient;
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** For stdout. */
  readonly paint: Paint;
}

/** Adds the options of TargetOptions to a command. */
export function withTargetOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the API (else MILLRACE_API_URL, else the local stack of this folder)')
    .addOption(
      new Option(
        '--stack <name>',
        'deployed stack (else MILLRACE_STACK, else the one named Millrace)',
      ).conflicts('url'),
    )
    .option('--json', 'print one JSON document; errors as a problem document on stderr');
}

/** Finds the target and makes a client for it. */
export async function openSession(
  context: CliContext,
  options: TargetOptions,
  clientOptions: Omit<ClientOptions, 'signal'> = {},
): Promise<Session> {
  const signal = context.interrupt();
  const target = await findTarget(options, context);
  const fetchFn = await signedFetch(target, context);
  const client = new MillraceClient(target.url, {
    ...clientOptions,
    signal,
    ...(fetchFn && { fetch: fetchFn }),
  });
  return { context, target, client, json: options.json === true, signal, paint: makePaint(context.stdout) };
}
