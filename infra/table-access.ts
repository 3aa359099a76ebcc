import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { TABLE } from '../src/core/table-definition.ts';

export type RowAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  // What the statements of a BatchExecuteStatement need.
  | 'PartiQLInsert'
  | 'PartiQLUpdate';
type IndexName = (typeof TABLE.indexes)[number]['name'];

/** Rows by the beginning of their partition key; the keys themselves are spelled in src/aws/keys.ts. */
export const TASK_ROWS = 'task#*';
export const BATCH_ROWS = 'batch#*';
export const WORKFLOW_ROWS = 'workflow#*';

export function queueRows(queue = '*'): string {
  return `queue#${queue}`;
}

/** Allows actions by the rows that they may touch: patterns of a partition key → actions. */
export function grantRows(
  grantee: IGrantable,
  table: TableV2,
  rights: Readonly<Record<string, readonly RowAction[]>>,
): void {
  for (const [keys, actions] of Object.entries(rights)) allow(grantee, actions, table.tableArn, [keys]);
}

/** Allows actions on every row. */
export function grantAllRows(grantee: IGrantable, table: TableV2, actions: readonly RowAction[]): void {
  allow(grantee, actions, table.tableArn);
}

/** Allows queries of an index, where told only of the partitions like `keys`. */
export function grantIndex(
  grantee: IGrantable,
  table: TableV2,
  index: IndexName,
  keys?: readonly string[],
): void {
  allow(grantee, ['Query'], `${table.tableArn}/index/${index}`, keys);
}

function allow(
  grantee: IGrantable,
  actions: readonly RowAction[],
  resource: string,
  keys?: readonly string[],
): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [resource],
      ...(keys && { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...keys] } } }),
    }),
  );
}
