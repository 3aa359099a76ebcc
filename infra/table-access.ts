import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { TABLE } from '../src/core/table-definition.ts';

export type RowAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';
type IndexName = (typeof TABLE.indexes)[number]['name'];

/** Rows by the beginning of their partition key; the keys themselves are spelled in src/aws/keys.ts. */
export const TASK_ROWS = 'task#*';
export const BATCH_ROWS = 'batch#*';

export function queueRows(queue = '*'): string {
  return `queue#${queue}`;
}

/** Allows actions on the rows whose partition key is like one of `keys`; without `keys`, on every row. */
export function grantRows(
  grantee: IGrantable,
  table: TableV2,
  actions: readonly RowAction[],
  keys?: readonly string[],
): void {
  allow(grantee, actions, table.tableArn, keys);
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
  keys: readonly string[] | undefined,
): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [resource],
      ...(keys && { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...keys] } } }),
    }),
  );
}
