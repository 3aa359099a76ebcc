import * as z from 'zod';

const launchConfigSchema = z.strictObject({
  cluster: z.string().min(1),
  /** None: the containers share their host's network. */
  subnets: z.array(z.string()),
  securityGroups: z.array(z.string()),
  assignPublicIp: z.boolean(),
  /** By queue: ARN, or family with or without revision. */
  taskDefinitions: z.record(z.string(), z.string().min(1)),
});

/** Where and how workers are started: MILLRACE_LAUNCH. */
export type LaunchConfig = z.infer<typeof launchConfigSchema>;

/** @throws Error when the text is none */
export function parseLaunchConfig(text: string): LaunchConfig {
  try {
    return launchConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      'MILLRACE_LAUNCH: expected JSON with cluster, subnets, securityGroups, assignPublicIp and taskDefinitions by queue',
      { cause },
    );
  }
}
