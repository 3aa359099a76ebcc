import * as z from 'zod';
import { DEFAULT_LEASE_SECONDS, DEFAULT_MAX_ATTEMPTS, MAX_ENV_ENTRIES, MAX_MAX_ATTEMPTS } from './limits.ts';

/** A queue's name: SQS takes 80 characters, of which `-dead` and a prefix are ours. */
export const queueNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$/,
    'expected 1 to 50 letters, digits, - and _, starting with a letter or digit',
  );

/** What a worker's own environment is made of, and what only Millrace may say to a program. */
const RESERVED_NAME = /^(AWS_|ECS_|MILLRACE_)/;

export const variableNameSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable')
  .refine((name) => !RESERVED_NAME.test(name), 'expected a name without AWS_, ECS_ or MILLRACE_ before it');

/** The settings of a queue, the same locally and deployed. */
export const queueDefinitionSchema = z.strictObject({
  name: queueNameSchema,
  /** Lease of an attempt and visibility timeout of its message, in seconds. */
  leaseSeconds: z.int().min(3).max(3600).default(DEFAULT_LEASE_SECONDS),
  maxAttempts: z.int().min(1).max(MAX_MAX_ATTEMPTS).default(DEFAULT_MAX_ATTEMPTS),
  /** A program that is given each message body on its STDIN. */
  program: z.array(z.string().min(1)).min(1).optional(),

  /** Of one Fargate worker, in CPU units: 1,024 are a vCPU. Fargate takes certain pairs with `memoryMiB` only. */
  cpu: z.literal([256, 512, 1024, 2048, 4096, 8192, 16_384]).default(256),
  memoryMiB: z.int().min(512).max(122_880).default(512),
  /** Programs that a deployed worker runs at the same time; 4 unless told. */
  slots: z.int().min(1).max(1000).optional(),
  /** What a named handler may use of a worker's memory; unless told, its slot's share, 1,024 at most. */
  handlerMemoryMiB: z.int().min(32).max(122_880).optional(),
  /** What programs are given after SIGTERM: Fargate waits 120 s at most, and handing back takes some of it. */
  graceSeconds: z.int().min(0).max(100).default(30),
  /** Workers that always run. */
  minWorkers: z.int().min(0).max(1000).default(0),
  /** The most workers that are running when more are launched; 0 launches none but on request. */
  maxWorkers: z.int().min(0).max(1000).default(10),
  /** One worker is started for so many tasks. */
  tasksPerWorker: z.int().min(1).max(1_000_000).default(100),
  /** Which part of the launched workers goes on Spot capacity, 0 to 1. */
  spotShare: z.number().min(0).max(1).default(0),
  /** What the queue's programs find in their environment, besides a task's own. */
  environment: z
    .record(variableNameSchema, z.string().max(4096))
    .refine(
      (env) => Object.keys(env).length <= MAX_ENV_ENTRIES,
      `expected at most ${MAX_ENV_ENTRIES} entries`,
    )
    .default({}),
  /** Variables of programs whose values are secrets: the worker's container has them, rows and logs do not. */
  secretNames: z.array(variableNameSchema).max(MAX_ENV_ENTRIES).default([]),
  /** The role whose AWS rights programs have. Absent: none. */
  programRoleArn: z
    .string()
    .regex(/^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'expected the ARN of an IAM role')
    .optional(),
});
export type QueueDefinition = z.infer<typeof queueDefinitionSchema>;
/** As it is written by hand: all but the name has a default. */
export type QueueSettings = z.input<typeof queueDefinitionSchema>;

export const DEFAULT_QUEUE: QueueDefinition = queueDefinitionSchema.parse({ name: 'default' });
/** Slots of a deployed worker whose queue does not say. */
export const DEFAULT_DEPLOYED_SLOTS = 4;

/** The heartbeat: three to a lease, so that two may fail. */
export function heartbeatMs(definition: Pick<QueueDefinition, 'leaseSeconds'>): number {
  return (definition.leaseSeconds * 1000) / 3;
}
