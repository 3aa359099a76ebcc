import {
  DynamoDBClient,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  putRolePolicy,
  putUserPolicy,
  rolePolicies,
  toPolicy,
  type Statement,
} from '../support/iam-users.ts';
import { REGION } from '../support/ministack.ts';
import { ROOT_KEY, sendSigned } from '../support/signed-request.ts';
import { readStackResources, type StackResource } from '../support/stack-resources.ts';

interface Conditional extends Statement {
  readonly Condition?: object;
}

const BATCHED = ['sqs:SendMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'];

/**
 * Sets by API what the template says and MiniStack's CloudFormation drops, or judges by another rule than AWS.
 * The one place for it: AWS needs none of this.
 */
export async function patchAfterDeploy(endpoint: string, stack: string, workerUser: string): Promise<void> {
  const resources = await readStackResources(endpoint, stack);
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  for (const table of ofType('AWS::DynamoDB::GlobalTable')) await setTableOptions(endpoint, table);
  for (const lambda of ofType('AWS::Lambda::Function')) await reserveConcurrency(endpoint, lambda);
  const clusters = ofType('AWS::ECS::Cluster').map(
    ({ physicalId }) => `arn:aws:ecs:${REGION}:*:cluster/${physicalId}`,
  );
  for (const role of ofType('AWS::IAM::Role')) await allowWhatIsIncluded(endpoint, role.physicalId, clusters);
  for (const task of ofType('AWS::ECS::TaskDefinition'))
    await actAsTask(endpoint, task, resources, workerUser);
}

/** Time to live and point-in-time recovery of a `TableV2` are dropped. */
async function setTableOptions(endpoint: string, { physicalId, properties }: StackResource): Promise<void> {
  const { TimeToLiveSpecification: ttl, Replicas } = properties as {
    TimeToLiveSpecification?: { AttributeName: string; Enabled: boolean };
    Replicas: { PointInTimeRecoverySpecification?: { PointInTimeRecoveryEnabled: boolean } }[];
  };
  const recovery = Replicas[0]?.PointInTimeRecoverySpecification;
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: ROOT_KEY });
  const TableName = physicalId;
  try {
    if (ttl) await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: ttl }));
    if (recovery) {
      const PointInTimeRecoverySpecification = recovery;
      await client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
    }
  } finally {
    client.destroy();
  }
}

/** Reserved concurrency is dropped. */
async function reserveConcurrency(
  endpoint: string,
  { physicalId, properties }: StackResource,
): Promise<void> {
  const { ReservedConcurrentExecutions } = properties;
  if (ReservedConcurrentExecutions === undefined) return;
  const { status, text } = await sendSigned({
    url: `${endpoint}/2017-10-31/functions/${physicalId}/concurrency`,
    method: 'PUT',
    key: ROOT_KEY,
    service: 'lambda',
    body: JSON.stringify({ ReservedConcurrentExecutions }),
  });
  if (status !== 200) throw new Error(`concurrency of ${physicalId}: ${status} ${text}`);
}

/** The keys that MiniStack serves to containers are refused: workers sign as a user with the rights of their role. */
async function actAsTask(
  endpoint: string,
  { logicalId, properties }: StackResource,
  resources: readonly StackResource[],
  user: string,
): Promise<void> {
  const { TaskRoleArn } = properties as { TaskRoleArn: { 'Fn::GetAtt': [string, 'Arn'] } };
  const role = resources.find((resource) => resource.logicalId === TaskRoleArn['Fn::GetAtt'][0]);
  if (!role) throw new Error(`${logicalId} has no role: ${JSON.stringify(TaskRoleArn)}`);
  for (const [at, policy] of (await rolePolicies(endpoint, role.physicalId)).entries()) {
    await putUserPolicy(endpoint, user, `${logicalId}-${at}`, policy);
  }
}

/**
 * Rights that AWS includes and MiniStack asks for by themselves: `sqs:SendMessageBatch` where AWS asks for
 * `sqs:SendMessage`, and so on. And those on condition of a cluster: MiniStack never fills `ecs:cluster`, and checks
 * `ecs:RunTask` against the ARN of the cluster, AWS against that of the task definition.
 */
async function allowWhatIsIncluded(
  endpoint: string,
  role: string,
  clusters: readonly string[],
): Promise<void> {
  const extra: Statement[] = [];
  for (const policy of await rolePolicies(endpoint, role)) {
    const { Statement: statements } = JSON.parse(policy) as { Statement: Conditional[] };
    for (const { Action, Resource, Condition } of statements) {
      const batches = [Action].flat().filter((action) => BATCHED.includes(action));
      if (batches.length > 0) extra.push({ Action: batches.map((action) => `${action}Batch`), Resource });
      // MiniStack takes every schedule for one of the group `default`, and a list for everything there is.
      const schedules = [Action].flat().filter((action) => action.startsWith('scheduler:'));
      if (schedules.length > 0) extra.push({ Action: schedules, Resource: '*' });
      const hasCluster = JSON.stringify(Condition ?? {}).includes('ecs:cluster');
      if (hasCluster) extra.push({ Action, Resource: [Resource, clusters].flat() });
    }
  }
  if (extra.length > 0) await putRolePolicy(endpoint, role, 'emulator', toPolicy(extra));
}
