import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { DynaliteStore } from './dynalite-internals.ts';
import { makeStatementRunner } from './dynalite-statements.ts';

const TARGET = 'DynamoDB_20120810.BatchExecuteStatement';
const CONTENT_TYPE = 'application/x-amz-json-1.0';

export function isForStatements(request: IncomingMessage): boolean {
  return request.headers['x-amz-target'] === TARGET;
}

/** Answers requests for `isForStatements`, which dynalite would not know. */
export function answerStatements(
  store: DynaliteStore,
): (request: IncomingMessage, response: ServerResponse) => void {
  const run = makeStatementRunner(store);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let [status, body]: [number, object] = [200, {}];
    try {
      body = await run(JSON.parse(await text(request)));
    } catch (error) {
      if (request.destroyed && !request.complete) return; // cut off while it was sent
      status = 400;
      body = {
        __type: 'com.amazon.coral.validate#ValidationException',
        message: error instanceof Error ? error.message : String(error),
      };
    }
    response.writeHead(status, { 'content-type': CONTENT_TYPE }).end(JSON.stringify(body));
  };
  return (request, response) => void answer(request, response).catch(() => response.destroy());
}
