import type { BatchStore, Log, Ports, QueueStore } from '../../src/core/ports.ts';
import { request } from './requests.ts';
import { makeSimLedgers } from './sim-ledgers.ts';
import type { SimProcess } from './sim-process.ts';
import { makeSimQueuePort } from './sim-queue-port.ts';
import { makeSimTasks } from './sim-tasks.ts';
import { makeSimWorkflows } from './sim-workflows.ts';
import { seenIn } from './tables.ts';

/** Everything that the product needs of the world, as one process of it has it; broken as the mutant says. */
export function makeSimPorts(process: SimProcess): Ports {
  const { world } = process;
  const main = makeSimQueuePort(process, world.main);
  const dead = makeSimQueuePort(process, world.dead);
  const ports: Ports = {
    tasks: makeSimTasks(process),
    ledgers: makeSimLedgers(process),
    batches: makeSimBatches(process),
    workflows: makeSimWorkflows(process),
    queues: makeSimControls(process),
    catalog: { list: async () => [world.definition], find: async () => world.definition },
    messages: { main: () => main, dead: () => dead },
    clock: () => process.clock(),
    random: () => world.dice.next(),
    newId: () => process.newId(),
    digest,
    log: makeLog(process),
  };
  return world.mutant?.ports?.(ports, process) ?? ports;
}

/** Batches in DynamoDB: a chunk is two items, each with its own request, as in src/aws/dynamo-batch-store.ts. */
function makeSimBatches(process: SimProcess): BatchStore {
  const { world } = process;
  const { programs, marks, batches, unsentIndex } = world.tables;
  const keyOf = (batch: string, chunk: number) => `${batch}/${chunk}`;
  const readMark = (key: string) => request(process, 'read mark', () => marks.get(key));
  return {
    async readChunk(batch, chunk) {
      const key = keyOf(batch, chunk);
      const row = await request(process, 'read programs', () => programs.get(key));
      const sent = row && (await readMark(key));
      return row && sent !== undefined ? { ...row, sent } : undefined;
    },
    async storeChunk({ sent: _sent, ...row }) {
      const key = keyOf(row.batch, row.chunk);
      const isNew = await request(
        process,
        'mark: store programs',
        () => {
          if (programs.has(key)) return false;
          programs.set(key, row);
          return true;
        },
        (done) => `${key} ${done ? '' : 'REFUSED'}`,
      );
      const there = isNew ? row : await request(process, 'read programs', () => programs.get(key));
      if (!there) throw new Error(`chunk ${key} was refused, and is not there`);
      if (there.hash !== row.hash) return { ...there, sent: false };
      const isMarked = await request(
        process,
        'mark chunk as unsent',
        () => {
          if (marks.has(key)) return false;
          marks.set(key, false);
          const { queue, batch, chunk } = row;
          unsentIndex.push({ key, entry: { queue, batch, chunk }, from: world.now });
          return true;
        },
        (done) => `${key} ${done ? '' : 'REFUSED'}`,
      );
      if (isNew) return undefined;
      return { ...there, sent: !isMarked && (await readMark(key)) === true };
    },
    markSent: (batch, chunk) =>
      request(
        process,
        'mark chunk as sent',
        () => {
          const key = keyOf(batch, chunk);
          if (!marks.has(key)) throw new Error(`there is no chunk ${key}`);
          marks.set(key, true);
          const span = unsentIndex.find((other) => other.key === key);
          if (span) span.until ??= world.now;
        },
        () => keyOf(batch, chunk),
      ),
    unsentChunks: (queue, before) =>
      request(process, 'read unsent chunks', () => {
        const lag = world.dice.between(0, world.weather.indexLagMs);
        if (lag > 0) world.count('stale index read');
        return seenIn(unsentIndex, world.now - lag)
          .filter(({ key, entry }) => entry.queue === queue && (programs.get(key)?.createdAt ?? 0) < before)
          .map(({ entry: { batch, chunk } }) => ({ batch, chunk }));
      }),
    read: (batch) => request(process, 'read batch', () => batches.get(batch)),
    replace: (row, revision) =>
      request(
        process,
        'replace batch',
        () => {
          if ((batches.get(row.id)?.revision ?? 0) !== revision) return false;
          batches.set(row.id, row);
          return true;
        },
        (done) => `${JSON.stringify(row)} ${done ? '' : 'REFUSED'}`,
      ),
  };
}

function makeSimControls(process: SimProcess): QueueStore {
  const { tables } = process.world;
  return {
    readControl: () => request(process, 'control', () => tables.control),
    async setPaused(_queue, paused) {
      for (let isDone = false; !isDone;) {
        const before = await request(process, 'control', () => tables.switches);
        isDone = await request(
          process,
          'set paused',
          () => {
            if (tables.switches !== before) return false;
            tables.switches += 1;
            tables.control = { ...tables.control, paused };
            return true;
          },
          (done) => `${paused} ${done ? '' : 'REFUSED'}`,
        );
      }
    },
    setPurgedBefore: (_queue, at) =>
      request(process, 'set purged before', () => {
        tables.control = { ...tables.control, purgedBefore: Math.max(at, tables.control.purgedBefore) };
      }),
    noteCancel: () =>
      request(process, 'note a cancel request', () => {
        tables.control = { ...tables.control, cancels: tables.control.cancels + 1 };
      }),
    noteNewer: (_queue, newer) =>
      request(process, 'note newer', () => void (tables.control = { ...tables.control, newer })),
    setRenewal: (_queue, renewal) =>
      request(
        process,
        'set renewal',
        () => void (tables.control = { ...tables.control, renewal }),
        () => JSON.stringify(renewal),
      ),
    reportWorker: (_queue, report) =>
      request(process, 'report', () => void tables.reports.set(report.worker, report)),
    removeWorker: (_queue, worker) =>
      request(process, 'report taken back', () => void tables.reports.delete(worker)),
    // Nothing is launched here: workers come and go as the weather has it.
    readLaunchLock: async () => undefined,
    takeLaunchLock: async () => true,
    workers: () => request(process, 'workers', () => [...tables.reports.values()]),
  };
}

/** Two 32-bit FNV hashes: quick, and as good as any where nobody means harm. */
function digest(text: string): string {
  let [one, other] = [0x811c9dc5, 0x01234567];
  for (let at = 0; at < text.length; at += 1) {
    one = Math.imul(one ^ text.charCodeAt(at), 0x01000193) >>> 0;
    other = Math.imul(other ^ text.charCodeAt(at), 0x85ebca6b) >>> 0;
  }
  return one.toString(16).padStart(8, '0') + other.toString(16).padStart(8, '0');
}

function makeLog(process: SimProcess): Log {
  const { world, name } = process;
  const write = (level: string) => (fields: object, message: string) => {
    if (world.isTraced) world.tell(name, () => `  ${level}: ${message} ${textOf(fields)}`);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function textOf(fields: object): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value instanceof Error ? value.message : JSON.stringify(value)}`)
    .join(' ');
}
