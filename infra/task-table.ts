import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableV2, type Attribute } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { TABLE } from '../src/core/table-definition.ts';

export interface TaskTableProps {
  readonly deletionProtection: boolean;
}

/** The one table, from the same definition that local mode makes its own of. */
export class TaskTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { deletionProtection }: TaskTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: text(TABLE.partitionKey),
      sortKey: text(TABLE.sortKey),
      timeToLiveAttribute: TABLE.ttl,
      // Nothing to pay while nothing is queued, and no capacity to plan for when a million tasks arrive.
      billing: Billing.onDemand(),
      // The table is the only record of what ran: any second of the last 35 days can be restored.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      globalSecondaryIndexes: TABLE.indexes.map(({ name, partitionKey, sortKey }) => ({
        indexName: name,
        partitionKey: text(partitionKey),
        sortKey: text(sortKey),
        // An index that holds keys alone, and keys that never change, costs one write a task.
        projectionType: ProjectionType.KEYS_ONLY,
      })),
      deletionProtection,
      removalPolicy: deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}

function text(name: string): Attribute {
  return { name, type: AttributeType.STRING };
}
