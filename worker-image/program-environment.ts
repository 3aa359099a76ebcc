import type { QueueDefinition } from '../src/core/queue-definition.ts';
import { allowedEnv } from '../src/worker/program-env.ts';
import { MIN_SECRET_CHARS } from '../src/worker/redactor.ts';
import type { Env } from './parse-settings.ts';

/** The secrets of a queue, by the names of their variables, as ECS has put them into this container. */
export function secretsOf(definition: QueueDefinition, env: Env): Record<string, string> {
  return Object.fromEntries(
    definition.secretNames.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}

/** Secrets that the container should have, and has not; those that are too short to be kept out of logs. */
export function secretFaults(definition: QueueDefinition, env: Env) {
  const { secretNames } = definition;
  return {
    missing: secretNames.filter((name) => env[name] === undefined),
    short: secretNames.filter((name) => (env[name]?.length ?? MIN_SECRET_CHARS) < MIN_SECRET_CHARS),
  };
}

/**
 * What every program of a queue finds in its environment: PATH and language of the container, and what the queue's
 * definition says. Nothing else of the container's: not where its credentials come from, nor the home of root.
 */
export function programEnvironment(definition: QueueDefinition, env: Env): Record<string, string> {
  const { HOME: _home, ...own } = allowedEnv(env);
  return { ...own, ...definition.environment, ...secretsOf(definition, env) };
}
