import * as z from 'zod';
import {
  queueDefinitionSchema,
  variableNameSchema,
  type QueueDefinition,
} from '../src/core/queue-definition.ts';
import { findSizeFault } from './fargate-sizes.ts';
import { toPascalCase } from './pascal-case.ts';
import { secretReferenceSchema } from './secret-reference.ts';

const ROLE_ARN = /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const VPC_ID = /^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/;
const SUBNET_ID = /^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/;
const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const; // CloudWatch's own

const ROLE_EXPECTED =
  'expected the ARN of a role, or a list of {actions: […], resources: […]} (empty: a role to grant to)';
const programRoleSchema = z.union(
  [
    z.string().regex(ROLE_ARN, ROLE_EXPECTED),
    z.array(z.strictObject({ actions: z.array(z.string()).min(1), resources: z.array(z.string()).min(1) })),
  ],
  { error: ROLE_EXPECTED },
);

/** A queue in the config: its definition, and what its workers are made of. */
export const queueConfigSchema = queueDefinitionSchema
  .omit({ secretNames: true, programRoleArn: true })
  .extend({
    /** Variables of programs whose values are kept in Secrets Manager or SSM. */
    secrets: z.record(variableNameSchema, secretReferenceSchema).default({}),
    /** What programs may do in AWS: nothing unless told. */
    programRole: programRoleSchema.optional(),
  })
  .superRefine((queue, context) => {
    const fault = findSizeFault(queue.cpu, queue.memoryMiB);
    if (fault !== undefined) context.addIssue({ code: 'custom', path: ['cpu'], message: fault });
    for (const name of Object.keys(queue.secrets)) {
      if (!Object.hasOwn(queue.environment, name)) continue;
      const message = 'is in `environment` too: a variable has one value';
      context.addIssue({ code: 'custom', path: ['secrets', name], message });
    }
  });
export type QueueConfig = z.infer<typeof queueConfigSchema>;

export const configSchema = z.strictObject({
  queues: z
    .array(queueConfigSchema)
    .min(1, 'expected at least one queue')
    .default(() => [queueConfigSchema.parse({ name: 'default' })])
    .superRefine((queues, context) => {
      const seen = new Set<string>();
      for (const [at, { name }] of queues.entries()) {
        // Outputs are named after queues in PascalCase, so `a-b` and `a_b` would be one.
        if (seen.has(toPascalCase(name))) {
          context.addIssue({
            code: 'custom',
            path: [at, 'name'],
            message: `too like another queue’s: ${name}`,
          });
        }
        seen.add(toPascalCase(name));
      }
    }),
  /** Where workers run; absent, a network of public subnets without NAT is made. */
  vpc: z
    .strictObject({
      id: z.string().regex(VPC_ID, 'expected vpc- and 8 or 17 hexadecimal digits'),
      subnetIds: z
        .array(z.string().regex(SUBNET_ID, 'expected subnet- and 8 or 17 hexadecimal digits'))
        .min(1),
      /** Needed in public subnets, which have no other way out. */
      assignPublicIp: z.boolean().default(false),
    })
    .optional(),
  /** An image to run instead of the one built from worker-image/. */
  workerImage: z.string().min(1).optional(),
  /** Keeps the table when the stack is deleted, and refuses its deletion. */
  deletionProtection: z.boolean().default(true),
  logRetentionDays: z.literal([...LOG_RETENTION_DAYS]).default(30), // as long as rows are kept
  /** Alarms are mailed here, once the subscription is confirmed. */
  alarmEmail: z.email().optional(),
  /** FAILED tasks of a queue in five minutes that raise its alarm. */
  failedTasksAlarm: z.int().min(1).default(1),
  dashboard: z.boolean().default(true),
  /** Concurrency kept for the API function: each request with `wait` holds one for up to 20 s. */
  apiConcurrency: z.int().min(1).optional(),
  /** Requests a second to the API, and how many at once. */
  throttle: z
    .strictObject({ rate: z.int().min(1), burst: z.int().min(1) })
    // Chunks of 1,000 tasks at 100 a second are 25 times what a new table takes; burst: a second's worth more.
    .default({ rate: 100, burst: 200 }),
});
export type MillraceConfig = z.infer<typeof configSchema>;
export type MillraceConfigInput = z.input<typeof configSchema>;

/**
 * @param where the settings were read from, for the message
 * @throws Error that names every field that is wrong, and what was expected there
 */
export function parseConfig(input: unknown, where = 'The context `millrace` (cdk.json) is'): MillraceConfig {
  const parsed = configSchema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(withKeyFault);
  throw new Error(
    `${where} not what was expected:\n${z.prettifyError({ issues })}\n` +
      'Every setting is described in docs/deploy.md.',
  );
}

/** A key that is wrong: what is wrong about it, in the place of `Invalid key in record`. */
function withKeyFault(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_key') return issue;
  return { ...issue, message: issue.issues.map(({ message }) => message).join('; ') };
}

/** @returns the settings as they were given, of which it is now known that they can be parsed @throws as `parseConfig` */
export function checkConfig(input: unknown): MillraceConfigInput {
  parseConfig(input);
  return input ?? {};
}

/** A queue as workers and functions know it. */
export function toDefinition(queue: QueueConfig, programRoleArn?: string): QueueDefinition {
  const { secrets, programRole: _, ...rest } = queue;
  const secretNames = Object.keys(secrets);
  // A role that this stack makes has a placeholder for an ARN, which no check of an ARN would pass.
  return { ...rest, secretNames, ...(programRoleArn !== undefined && { programRoleArn }) };
}
