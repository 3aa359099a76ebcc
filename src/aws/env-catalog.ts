import * as z from 'zod';
import type { QueueCatalog } from '../core/ports.ts';
import { queueDefinitionSchema } from '../core/queue-definition.ts';

/**
 * The queues of a deployed stack: what its configuration says, handed over in MILLRACE_QUEUES as a JSON array.
 * @throws Error when the text is none
 */
export function makeEnvCatalog(text: string | undefined): QueueCatalog {
  const parsed = z.array(queueDefinitionSchema).safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(
      `MILLRACE_QUEUES: expected a JSON array of queue definitions; ${z.prettifyError(parsed.error)}`,
    );
  }
  const definitions = parsed.data;
  return {
    list: async () => definitions,
    find: async (name) => definitions.find((definition) => definition.name === name),
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined; // the schema says what was expected
  }
}
