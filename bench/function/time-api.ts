/**
 * One start of the API's function, as Lambda starts it: loads the bundle `argv[2]`, sends it one request, then
 * `argv[3]` of each kind one after the other, and prints how long that took. The bundle's files note by themselves
 * when the first of their statements runs: what comes before is loading, what comes after is initialization.
 */
import { pathToFileURL } from 'node:url';
import { httpEvent } from '../../test/functions/events.ts';

/** In ms; the last two are CPU of a warm request, of those only that were asked for. */
export interface FunctionTimes {
  /** From the import of the bundle to its first statement: read, parse, link. */
  readonly loadMs: number;
  /** From there to a handler that is ready. */
  readonly initMs: number;
  /** The first POST of a task, with all that is done once. */
  readonly firstMs: number;
  readonly getMs?: number;
  readonly postMs?: number;
}

type Handler = (event: object) => Promise<{ statusCode: number; body: string }>;

const [path = '', count = '0'] = process.argv.slice(2);
const began = performance.now();
const { handler } = (await import(pathToFileURL(path).href)) as { handler: Handler };
const ready = performance.now();
const { evaluatedAt } = globalThis as unknown as { evaluatedAt: number };

const post = httpEvent({
  method: 'POST',
  path: '/v1/queues/default/tasks',
  headers: { 'content-type': 'application/json' },
  body: '{"command":"true"}',
});
const firstBegan = performance.now();
const first = await handler(post);
const firstMs = performance.now() - firstBegan;
if (first.statusCode !== 201) throw new Error(`expected 201, got ${first.statusCode}: ${first.body}`);
const { id } = JSON.parse(first.body) as { id: string };
const get = httpEvent({ method: 'GET', path: `/v1/tasks/${id}` });

/** CPU of this process per request, in ms; the services it asks are others. */
async function cpuOf(event: object): Promise<number> {
  const [warmUp, counted] = [Math.ceil(Number(count) / 2), Number(count)];
  for (let nth = 0; nth < warmUp; nth += 1) await handler(event);
  const before = process.cpuUsage();
  for (let nth = 0; nth < counted; nth += 1) await handler(event);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / counted;
}

const warm = Number(count) > 0 ? { getMs: await cpuOf(get), postMs: await cpuOf(post) } : {};
const times: FunctionTimes = { loadMs: evaluatedAt - began, initMs: ready - evaluatedAt, firstMs, ...warm };
process.stdout.write(JSON.stringify(times), () => process.exit()); // kept connections would hold it
