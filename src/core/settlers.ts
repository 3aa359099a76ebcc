import { settleGraceMs } from './limits.ts';
import type { Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import { Settler } from './settle.ts';

/** The settlers of this process: one for each queue, for as long as the process lives. */
export function makeSettlers(ports: Ports): (definition: QueueDefinition) => Settler {
  const settlers = new Map<string, Settler>();
  return (definition) => {
    let settler = settlers.get(definition.name);
    if (!settler) {
      settler = new Settler(ports, definition.name, settleGraceMs(definition.leaseSeconds * 1000));
      settlers.set(definition.name, settler);
    }
    return settler;
  };
}
