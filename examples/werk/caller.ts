/**
 * A caller: a process of its own that shares the definitions of `machine/` with the workers, and nothing else.
 *
 *   node --conditions=checkout caller.ts      # in an app that has millrace installed: node caller.ts
 */
import { connect, MillraceError, TaskFailedError } from 'millrace/client';
import hello from './machine/hello.ts';
import panic from './machine/panic.ts';
import sleep from './machine/sleep.ts';

const client = await connect();

console.log('hello →', await client.run(hello, { name: 'Ada' }));

const asleep = await client.enqueue(sleep, { seconds: 2 });
try {
  await client.result(asleep, { timeoutMs: 5 });
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.log('sleep, waited 5 ms →', error.code);
}
console.log('sleep, waited as long as it takes →', await client.result(asleep));

try {
  await client.run(panic, {});
} catch (error) {
  if (!(error instanceof TaskFailedError)) throw error;
  console.log('panic →', error.task?.state, error.task?.reason, error.task?.error);
}
console.log('hello, after the panic →', await client.run(hello, { name: 'Grace' }));

try {
  // @ts-expect-error: the compiler knows the arguments, and so does whoever comes without one
  await client.run(hello, { nome: 'Ada' });
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.log('hello with other arguments →', error.code);
}
