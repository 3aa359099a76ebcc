import { DescribeTasksCommand, ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import type { DockerEngine } from './docker-engine.ts';
import type { EmulatedStack } from './emulated-deployment.ts';
import { REGION } from './ministack.ts';
import { until } from './processes.ts';
import { ROOT_KEY } from './signed-request.ts';

/** The workers of a deployed stack, as ECS and as the engine sees them. */
export class EcsWorkers {
  readonly #stack: EmulatedStack;
  readonly #engine: DockerEngine;
  readonly #ecs: ECSClient;

  constructor(stack: EmulatedStack, engine: DockerEngine) {
    this.#stack = stack;
    this.#engine = engine;
    this.#ecs = new ECSClient({ endpoint: stack.endpoint, region: REGION, credentials: ROOT_KEY });
  }

  /** All that were ever started for a queue. */
  async list(queue: string): Promise<Task[]> {
    const { outputs, context } = this.#stack;
    const cluster = outputs.ClusterName;
    const tasks = new Map<string, Task>(); // one that stops between the two requests is in both answers
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      const family = `${context.stack}-${queue}`;
      const { taskArns = [] } = await this.#ecs.send(
        new ListTasksCommand({ cluster, family, desiredStatus }),
      );
      if (taskArns.length === 0) continue;
      const answer = await this.#ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
      for (const task of answer.tasks ?? []) tasks.set(task.taskArn ?? '', task);
    }
    return [...tasks.values()];
  }

  /** @returns the exit codes of so many workers, once all of them have ended */
  async exitCodes(queue: string, count: number): Promise<(number | undefined)[]> {
    const ended = await until(
      `${count} workers of ${queue} to end`,
      async () => {
        const tasks = await this.list(queue);
        const stopped = tasks.filter(({ lastStatus }) => lastStatus === 'STOPPED');
        return stopped.length === tasks.length && stopped.length >= count && stopped;
      },
      120_000,
    );
    return ended.map(({ containers }) => containers?.[0]?.exitCode);
  }

  /** Containers of a queue that run at this moment. */
  async containers(queue: string): Promise<string[]> {
    const label = `com.amazonaws.ecs.task-definition-family=${this.#stack.context.stack}-${queue}`;
    const ids = await this.#engine.docker('ps', '--quiet', '--no-trunc', '--filter', `label=${label}`);
    return ids.split('\n').filter((id) => id !== '');
  }

  close(): void {
    this.#ecs.destroy();
  }
}
