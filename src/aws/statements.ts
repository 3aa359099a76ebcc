import type { BatchExecuteStatementCommandOutput } from '@aws-sdk/client-dynamodb';
import type { ChangesTogether, Log } from '../core/ports.ts';
import type { TaskChange } from '../core/transition.ts';
import { itemBytes, writeUnits } from './call-ledger.ts';
import { toItem, type Table } from './dynamo.ts';
import { AwsError, NOT_IMPLEMENTED } from './json-service.ts';
import { toStatement, type RowWrite } from './row-write.ts';
import { describeChange } from './task-commands.ts';

/** DynamoDB: statements in one BatchExecuteStatement. */
const MAX_STATEMENTS = 25;

/** A request that was answered so had no effect, and none like it ever will. */
const NOT_HAD = /^(UnknownOperation|AccessDenied|Validation)(Exception|Error)?$/;

/** Of a statement that was carried out, to the letter, and refused. */
const REFUSED = new Set(['ConditionalCheckFailed', 'DuplicateItem']);

/**
 * Changes of tasks as the statements of a `BatchExecuteStatement`: each takes effect by itself, at the same price, for
 * a fraction of a request. Where there is no such request (dynalite) or no right to it, that is found out once.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
 */
export function makeStatements(table: Table, log: Log): ChangesTogether {
  let isOffered = true;
  const giveUp = (why: string): void => {
    if (isOffered) log.info({ why }, 'no statements in batches here: single writes are used');
    isOffered = false;
  };
  return {
    max: MAX_STATEMENTS,
    isOffered: () => isOffered,
    async change(changes) {
      const writes = changes.map(describeChange);
      const Statements = writes.map((write) => toStatement(table.name, write));
      let answer: BatchExecuteStatementCommandOutput;
      try {
        answer = await table.json.call('BatchExecuteStatement', { Statements });
      } catch (error) {
        if (!(error instanceof AwsError) || !isNotHad(error)) throw error;
        giveUp(error.message);
        return changes.map(() => false);
      }
      return writes.map((write, at) => {
        const response = answer.Responses?.[at];
        const isDone = response !== undefined && !response.Error;
        const { Code: code = '', Message: message } = response?.Error ?? {};
        if (NOT_HAD.test(code)) giveUp(`${code}: ${message}`);
        if (isDone || REFUSED.has(code))
          table.calls.wrote('BatchExecuteStatement', unitsOf(changes[at], write, isDone));
        return isDone;
      });
    },
  };
}

function isNotHad({ name, $metadata }: AwsError): boolean {
  return NOT_HAD.test(name) || $metadata.httpStatusCode === NOT_IMPLEMENTED;
}

function unitsOf({ known, set }: Partial<TaskChange> = {}, write: RowWrite, isDone: boolean): number {
  if (!isDone) return 1;
  return writeUnits(itemBytes(toItem({ ...known, ...set })), [...Object.keys(write.set), ...write.remove]);
}

/** `MILLRACE_STATEMENTS=single` has a worker write each change by itself. */
export function usesStatements(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['MILLRACE_STATEMENTS'] !== 'single';
}
