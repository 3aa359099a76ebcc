import type { Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { Settler } from './settle.ts';

/** A process that may end tasks of one queue. */
export interface Ending {
  readonly ports: Ports;
  readonly settler: Settler;
  readonly definition: QueueDefinition;
}

/** A process that may run them, too; `worker` is its name in rows and reports. */
export interface Claimant extends Ending {
  readonly worker: string;
  /** Told before each request that may bring it a lease: that is as long as it is from then on. */
  readonly asking?: () => void;
  /** Its message has been received before: the task is likely to have a row. */
  readonly isRedelivery?: boolean;
}
