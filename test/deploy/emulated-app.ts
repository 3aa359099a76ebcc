/**
 * The deployed stack as an emulator can run it: the construct itself, unchanged, and below it every difference, each
 * with its reason. Used by tests only; infra/ knows nothing of it.
 */
import { App, Aspects, Stack, Validations, type IAspect } from 'aws-cdk-lib';
import { CpuArchitecture, FargateTaskDefinition, type CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { Millrace } from '../../infra/millrace.ts';
import type { EmulatedContext } from '../support/cdk.ts';

const app = new App();
const context = JSON.parse(app.node.getContext('emulated') as string) as EmulatedContext;
// No account and no region: MiniStack's are placeholders that CDK refuses to look up.
const stack = new Stack(app, context.stack);
new Millrace(stack, 'Millrace', {
  queues: context.queues,
  // The table goes with the stack, so that `cdk destroy` leaves nothing.
  deletionProtection: false,
  // By name: an image asset is pushed to a registry, and MiniStack's ECR keeps none.
  workerImage: context.image,
  // The image is built on this machine, for it.
  architecture: process.arch === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
});

for (const construct of stack.node.findAll()) {
  if (construct instanceof FargateTaskDefinition) adjustWorker(construct);
}
Aspects.of(app).add(withoutDenials());
// CDK knows that Fargate has no host network; the emulator has.
Validations.of(stack).acknowledge({ id: 'CloudFormation-Validate::E3048', reason: 'for an emulator only' });

function adjustWorker(task: FargateTaskDefinition): void {
  const resource = task.node.defaultChild as CfnTaskDefinition;
  // Its containers reach the emulator at 127.0.0.1 on the host's network only.
  resource.addPropertyOverride('NetworkMode', 'host');
  const worker = task.defaultContainer;
  // Fargate sets it.
  worker?.addEnvironment('AWS_REGION', context.region);
  // MiniStack refuses the keys that it serves to containers: an IAM user with the rights of the task's role.
  worker?.addEnvironment('AWS_ACCESS_KEY_ID', context.workerKey.accessKeyId);
  worker?.addEnvironment('AWS_SECRET_ACCESS_KEY', context.workerKey.secretAccessKey);
}

/** Takes out the denial of all that is not TLS: the emulator speaks plain HTTP, and the denial hits even its root. */
function withoutDenials(): IAspect {
  return {
    visit(node: IConstruct) {
      if (node instanceof CfnQueuePolicy) node.node.scope?.node.tryRemoveChild(node.node.id);
    },
  };
}
