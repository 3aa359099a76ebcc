import type { OrderAnswer } from '../../src/aws/lambda-launcher.ts';
import { MillraceError, unknownQueue } from '../../src/core/errors.ts';
import {
  launchWorkers,
  startWorkers,
  type LaunchResult,
  type WorkersRequest,
} from '../../src/core/launch.ts';
import { launchEventSchema } from '../../src/core/launch-event.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { QueueDefinition } from '../../src/core/queue-definition.ts';
import { runEachMinute, type MinuteResult } from './minute-run.ts';
import type { WorkerLauncher } from '../../src/core/worker-launcher.ts';

export interface LauncherDeps {
  readonly ports: Ports;
  readonly launcher: WorkerLauncher;
}

/** `{}` each minute; `{queue, sent}` after an enqueue; `{queue, order}` for workers that somebody asks for. */
export function makeLauncherHandler({ ports, launcher }: LauncherDeps) {
  return async (event: unknown): Promise<MinuteResult | LaunchResult | OrderAnswer> => {
    const { queue, sent, order } = launchEventSchema.parse(event);
    if (queue === undefined) return runEachMinute(ports, launcher);
    const definition = await ports.catalog.find(queue);
    if (!definition)
      throw unknownQueue(
        queue,
        (await ports.catalog.list()).map(({ name }) => name),
      );
    if (!order) return launchWorkers(ports, launcher, definition, sent);
    return carryOut({ ports, launcher }, definition, order);
  };
}

/** A refusal is an answer like another; only what is not understood makes the invocation fail. */
async function carryOut(
  { ports, launcher }: LauncherDeps,
  definition: QueueDefinition,
  order: WorkersRequest,
): Promise<OrderAnswer> {
  try {
    return { result: await startWorkers(ports, launcher, definition, order) };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, hint, expected, got } = error;
    return { refused: { code, message, hint, expected, got } };
  }
}
