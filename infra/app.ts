import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { checkConfig } from './config.ts';
import { Millrace } from './millrace.ts';

/** The stack of cdk.json: `millrace` in its context says what is in it. `cdk synth` fails on what cdk-nag finds. */
const app = new App();
const stackName: unknown = app.node.tryGetContext('stackName') ?? 'Millrace';
if (typeof stackName !== 'string') throw new Error('The context `stackName` is to be a text');

const stack = new Stack(app, stackName, {
  description: 'Millrace: a command queue on SQS, DynamoDB and Fargate',
});
const millrace = new Millrace(stack, 'Millrace', checkConfig(app.node.tryGetContext('millrace')));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
millrace.acknowledgeFindings();
