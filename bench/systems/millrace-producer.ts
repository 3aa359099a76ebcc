/**
 * Enqueues with the client library, as a program of a user's does: `bulk|trickle KIND FILE [PERIOD_MS]`, against the
 * API that MILLRACE_API_URL names. Speaks to the bench as the producers of the peers do.
 */
import process from 'node:process';
import { connect } from '../../src/client/connect.ts';
import { produce, readPayloads } from '../peers/node/tasks.mjs';

const [how = '', kind = '', file = '', period = '0'] = process.argv.slice(2);
const client = await connect();
const toSpec = (payload: string | number) =>
  kind === 'command' ? { command: String(payload) } : { handler: 'nap', args: { ms: Number(payload) } };
await produce(how, readPayloads(kind, file), Number(period), {
  bulk: async (payloads) => {
    const { accepted } = await client.enqueueBatch(payloads.map(toSpec));
    if (accepted !== payloads.length) throw new Error(`${accepted} of ${payloads.length} were accepted`);
  },
  one: (payload) => client.enqueue(toSpec(payload)),
});
