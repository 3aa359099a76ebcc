import { queueDefinitionSchema, type QueueDefinition } from '../src/core/queue-definition.ts';

/** Lambda takes 4 KB of environment in all; what does not grow with the queues needs at most half a kilobyte. */
const MAX_QUEUES_BYTES = 3500;

/**
 * The queues as functions are told of them: without what only workers need, and without what has its default
 * anyway, so that the list of many queues fits.
 * @param prefix of the task definitions, of which the launcher is told besides
 */
export function toQueuesVariable(definitions: readonly QueueDefinition[], prefix: string): string {
  const text = JSON.stringify(definitions.map(toShort));
  const families = JSON.stringify(toFamilies(definitions, prefix));
  const bytes = Buffer.byteLength(text) + Buffer.byteLength(families);
  if (bytes <= MAX_QUEUES_BYTES) return text;
  throw new Error(
    `The definitions of ${definitions.length} queues take ${bytes} bytes of the functions' ` +
      `environment, of which Lambda has ${MAX_QUEUES_BYTES} for them: put some queues into another stack`,
  );
}

function toFamilies(definitions: readonly QueueDefinition[], prefix: string): Record<string, string> {
  return Object.fromEntries(definitions.map(({ name }) => [name, `${prefix}${name}`]));
}

function toShort(definition: QueueDefinition): Partial<QueueDefinition> {
  const { environment: _e, secretNames: _s, programRoleArn: _r, ...shared } = definition;
  const defaults: Partial<QueueDefinition> = queueDefinitionSchema.parse({ name: definition.name });
  const changed = Object.entries(shared).filter(
    ([field, value]) => field === 'name' || defaults[field as keyof typeof shared] !== value,
  );
  return Object.fromEntries(changed);
}

/** Where and as what the launcher starts workers. */
export interface LaunchTarget {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  /** Families: the latest revision of each is started. */
  readonly taskDefinitions: Readonly<Record<string, string>>;
}
