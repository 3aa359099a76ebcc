import type { ECSClient } from '@aws-sdk/client-ecs';
import {
  ConflictException,
  DescribeTasksCommand,
  ECSServiceException,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs';
import type { OrderResult, WorkerLauncher, WorkerOrder } from '../core/worker-launcher.ts';
import type { LaunchConfig } from './launch-config.ts';

/** The container of a task that is the worker; others may stand beside it. */
export const WORKER_CONTAINER = 'worker';
const MAX_DESCRIBED = 100;

/** Starts workers as tasks of ECS on Fargate. Their ids are those of the tasks. */
export function makeEcsLauncher(client: ECSClient, config: LaunchConfig): WorkerLauncher {
  const { cluster } = config;
  const list = async (family: string): Promise<Set<string>> => {
    const ids = new Set<string>();
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new ListTasksCommand({ cluster, family, desiredStatus: 'RUNNING', nextToken }),
      );
      for (const arn of page.taskArns ?? []) ids.add(toId(arn));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    return ids;
  };
  return {
    async running(queue, recent) {
      const listed = await list(toFamily(definitionOf(config, queue)));
      const unlisted = recent.filter((id) => !listed.has(id)).slice(-MAX_DESCRIBED);
      if (unlisted.length === 0) return listed.size;
      const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: unlisted }));
      // One that nobody knows of yet is on its way; one that has ended is not listed for that.
      const ended = tasks.filter(({ desiredStatus }) => desiredStatus === 'STOPPED');
      return listed.size + unlisted.length - ended.length;
    },
    async start(order) {
      try {
        const { tasks = [], failures = [] } = await client.send(
          new RunTaskCommand(buildRunTask(config, order)),
        );
        return {
          started: tasks.flatMap(({ taskArn }) => (taskArn === undefined ? [] : [toId(taskArn)])),
          failures: failures.map(({ reason, detail }) => ({
            reason: [reason, detail].filter(Boolean).join(': ') || 'ECS gave no reason',
          })),
        };
      } catch (error) {
        return toRefusal(error);
      }
    },
  };
}

export function buildRunTask(config: LaunchConfig, order: WorkerOrder): RunTaskCommandInput {
  const { subnets, securityGroups } = config;
  return {
    cluster: config.cluster,
    taskDefinition: definitionOf(config, order.queue),
    count: order.count,
    clientToken: order.clientToken,
    startedBy: 'millrace',
    ...(order.capacity === 'spot'
      ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
      : { launchType: 'FARGATE' }),
    ...(subnets.length > 0 && {
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets,
          securityGroups,
          assignPublicIp: config.assignPublicIp ? 'ENABLED' : 'DISABLED',
        },
      },
    }),
    overrides: { containerOverrides: [{ name: WORKER_CONTAINER, command: [order.queue, order.mode] }] },
  };
}

/** A request that ECS has refused started nothing; of any other that failed the outcome is not known. @throws it */
function toRefusal(error: unknown): OrderResult {
  if (error instanceof ConflictException) {
    // The token was used before with another revision of the task definition: those are its workers.
    return { started: (error.resourceIds ?? []).map(toId), failures: [] };
  }
  if (!(error instanceof ECSServiceException)) throw error;
  const throttled = /Throttl|TooManyRequests|RequestLimitExceeded/.test(error.name);
  const status = error.$metadata.httpStatusCode ?? 500;
  if (!throttled && (status < 400 || status >= 500)) throw error;
  return { started: [], failures: [{ reason: `${error.name}: ${error.message}` }], throttled };
}

function definitionOf({ taskDefinitions }: LaunchConfig, queue: string): string {
  const definition = taskDefinitions[queue];
  if (definition !== undefined) return definition;
  throw new Error(
    `MILLRACE_LAUNCH: expected a task definition for queue ${queue}, got those of ${Object.keys(taskDefinitions).join(', ') || 'none'}`,
  );
}

/** `arn:aws:ecs:…:task/CLUSTER/ID` → `ID` */
function toId(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** `arn:aws:ecs:…:task-definition/FAMILY:REVISION`, or `FAMILY:REVISION` → `FAMILY` */
function toFamily(definition: string): string {
  return definition.slice(definition.lastIndexOf('/') + 1).replace(/:\d+$/, '');
}
