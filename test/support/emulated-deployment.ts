import { performance } from 'node:perf_hooks';
import { patchAfterDeploy } from '../deploy/patch-after-deploy.ts';
import { Cdk, type EmulatedContext } from './cdk.ts';
import { makeIamUser } from './iam-users.ts';
import { REGION, startMinistack, type Ministack } from './ministack.ts';
import { allowPlainHttp } from './bootstrap-bucket.ts';

/** The outputs of the stack, as docs/deploy.md names them. */
export interface Outputs {
  readonly ApiUrl: string;
  readonly TableName: string;
  readonly ClusterName: string;
  readonly LauncherFunction: string;
  readonly WorkerLogGroup: string;
  /** QueueUrl<Queue>, DeadLetterQueueUrl<Queue> */
  readonly [name: string]: string;
}

/** An emulated AWS that CDK stacks are deployed to. */
export class EmulatedDeployment {
  readonly aws: Ministack;
  readonly #cdk: Cdk;

  private constructor(aws: Ministack) {
    this.aws = aws;
    this.#cdk = new Cdk(aws.endpoint);
  }

  /** Starts the emulator and prepares its account. */
  static async start(dockerSocket?: string): Promise<EmulatedDeployment> {
    const aws = await startMinistack(dockerSocket);
    try {
      const deployment = new EmulatedDeployment(aws);
      await deployment.#cdk.bootstrap();
      await allowPlainHttp(aws.endpoint);
      return deployment;
    } catch (error) {
      await aws.stop();
      throw error;
    }
  }

  /** Deploys a stack, or an update of it. @returns what to destroy it with, its outputs, and how long it took */
  async deploy({ stack, queues, image = 'none', workerKey }: DeployOptions): Promise<EmulatedStack> {
    const user = `${stack}-worker`;
    workerKey ??= await makeIamUser(this.aws.endpoint, user, []);
    const context = { stack, queues, image, workerKey, region: REGION };
    const begin = performance.now();
    const outputs = (await this.#cdk.deploy(context)) as unknown as Outputs;
    const deployMs = performance.now() - begin;
    await patchAfterDeploy(this.aws.endpoint, stack, user);
    return { endpoint: this.aws.endpoint, context, outputs, deployMs };
  }

  async destroy(context: EmulatedContext): Promise<void> {
    await this.#cdk.destroy(context);
  }

  stop(): Promise<void> {
    return this.aws.stop();
  }
}

export type DeployOptions = Pick<EmulatedContext, 'stack' | 'queues'> &
  Partial<Pick<EmulatedContext, 'image' | 'workerKey'>>; // the key of the first deploy goes on

/** A deployed stack, as plain data: tests in other processes are given it. */
export interface EmulatedStack {
  readonly endpoint: string;
  readonly context: EmulatedContext;
  readonly outputs: Outputs;
  readonly deployMs: number;
}
