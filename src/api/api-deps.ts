import type { Ending } from '../core/claimant.ts';
import { unknownQueue, unknownTask } from '../core/errors.ts';
import { parseBatchTaskId } from '../core/batch-row.ts';
import type { LaunchResult, WorkersRequest } from '../core/launch.ts';
import type { Inspector } from '../core/doctor/inspector.ts';
import type { Ports, Waker } from '../core/ports.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import type { Settler } from '../core/settle.ts';

/** All that the API needs of the place where it runs. */
export interface ApiDeps {
  readonly ports: Ports;
  /** For the routes of the doctor. */
  readonly inspector: Inspector;
  /** The settler of this process for a queue: always the same one for the same queue. */
  settlerOf(definition: QueueDefinition): Settler;
  /** Resolves after so long, or as soon as the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** How many bytes a text takes in the chunk store, compressed. */
  compressedBytes(text: string): number;
  /** What the API depends on: `ok`, or what is wrong with it. */
  health(): Promise<Readonly<Record<string, string>>>;
  /** Deployed: tells the launcher of work, instead of leaving that to its next minute. */
  readonly waker?: Waker;
  /** Deployed: starts workers now. @throws MillraceError `wrong_state`, `unavailable` */
  readonly startWorkers?: (definition: QueueDefinition, request: WorkersRequest) => Promise<LaunchResult>;
  /** Of the package, for the OpenAPI document and `/healthz`. */
  readonly version: string;
}

/** @throws MillraceError `unknown_queue` */
export async function findQueue({ ports }: ApiDeps, name: string): Promise<QueueDefinition> {
  const definition = await ports.catalog.find(name);
  if (definition) return definition;
  const known = await ports.catalog.list();
  throw unknownQueue(
    name,
    known.map((queue) => queue.name),
  );
}

/** Says that there is work. A failure is no matter to the request: the launcher looks every minute. */
export async function wake({ waker, ports }: ApiDeps, queue: string, sent: number): Promise<void> {
  try {
    await waker?.wake(queue, sent);
  } catch (error) {
    ports.log.warn({ err: error, queue }, 'could not wake the launcher; it looks every minute');
  }
}

/** What it takes to end a task, or to redrive it. @throws MillraceError `unknown_task`, `unknown_queue` */
export async function endingOf(deps: ApiDeps, taskId: string): Promise<Ending> {
  const { ports } = deps;
  const queue = (await ports.tasks.read(taskId))?.queue ?? (await queueOfChunk(ports, taskId));
  if (queue === undefined) throw unknownTask(taskId);
  const definition = await findQueue(deps, queue);
  return { ports, settler: deps.settlerOf(definition), definition };
}

/** A task of a batch has no row before it is claimed. */
async function queueOfChunk(ports: Ports, taskId: string): Promise<string | undefined> {
  const place = parseBatchTaskId(taskId);
  return place && (await ports.batches.read(place.batch))?.queue;
}
