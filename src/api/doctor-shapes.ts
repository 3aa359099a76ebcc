import * as z from 'zod';

/** What the routes of the doctor answer, as schemas: see src/core/doctor. */

const count = z.int().nonnegative();
const time = z.iso.datetime().meta({ example: '2026-03-01T09:30:00.000Z' });
const EXAMPLE_TIME = '2026-03-01T09:30:00.000Z';

/** A recorded count can be anything: that is what the doctor is for. */
const tallyShape = z
  .strictObject({ succeeded: z.int(), failed: z.int(), cancelled: z.int() })
  .meta({ id: 'Tally', example: { succeeded: 990, failed: 9, cancelled: 1 } });
const tallyExample = { succeeded: 990, failed: 9, cancelled: 1 };

export const doctorShape = z
  .strictObject({
    version: z.string(),
    protocol: z.int().describe('version of rows and messages'),
    time,
    queues: z.array(z.string()).readonly(),
    checks: z.record(z.string(), z.string()).describe('`ok`, or what is wrong with what the API depends on'),
  })
  .meta({
    id: 'Doctor',
    example: {
      version: '0.1.0',
      protocol: 1,
      time: EXAMPLE_TIME,
      queues: ['default'],
      checks: { dynamodb: 'ok', sqs: 'ok' },
    },
  });

const sqsFactsShape = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('found'),
    name: z.string(),
    visible: count,
    delayed: count,
    inFlight: count,
    differences: z
      .array(
        z.strictObject({
          setting: z.enum(['visibility', 'retention', 'redrivePolicy']),
          expected: z.string(),
          got: z.string(),
        }),
      )
      .readonly()
      .describe('settings that are not those of the definition'),
  }),
  z.strictObject({ status: z.literal('missing') }),
  z.strictObject({ status: z.literal('unreadable'), detail: z.string() }),
]);

const sqsExample = { status: 'found' as const, visible: 0, delayed: 0, inFlight: 0, differences: [] };

export const queueFactsShape = z
  .strictObject({
    queue: z.string(),
    at: time,
    recorded: tallyShape,
    main: sqsFactsShape,
    dead: sqsFactsShape,
    paused: z.boolean(),
    purgedBefore: time.optional(),
    workers: z.strictObject({
      live: count,
      running: count.describe('programs that live workers report'),
      stale: z.array(z.string()).readonly().describe('workers that have not reported for a lease'),
    }),
    ledgers: z.strictObject({
      listed: count,
      overdue: count.describe('not folded after an hour: the minute run fails'),
    }),
    unsent: z
      .strictObject({ due: count, fresh: count })
      .describe('stored chunks that are not sent, 100 at most; fresh ones are being sent'),
    since: time.optional().describe('nothing of the queue is known to be older'),
  })
  .meta({
    id: 'QueueFacts',
    example: {
      queue: 'default',
      at: EXAMPLE_TIME,
      recorded: tallyExample,
      main: { ...sqsExample, name: 'Millrace-default' },
      dead: { ...sqsExample, name: 'Millrace-default-dead' },
      paused: false,
      workers: { live: 2, running: 0, stale: [] },
      ledgers: { listed: 2, overdue: 0 },
      unsent: { due: 0, fresh: 0 },
      since: '2026-02-01T00:00:00.000Z',
    },
  });

const someShape = z.strictObject({
  count,
  examples: z.array(z.string()).readonly().describe('at most 100'),
});

export const recountShape = z
  .strictObject({
    rows: count,
    pending: count,
    running: count,
    counted: tallyShape, // ends that their ledgers count
    batches: z
      .array(
        z.strictObject({
          id: z.string(),
          rows: count,
          chunks: count,
          tasks: count.optional().describe('in these chunks, where they were read'),
          counted: tallyShape,
        }),
      )
      .readonly(),
    uncounted: count.describe('ends that no ledger counts yet'),
    lying: someShape.describe('those that have waited for longer than their process may take'),
    expired: someShape.describe('RUNNING, and the lease has passed'),
    newer: someShape.describe('rows that a newer version has written'),
    oldestOpen: time.optional().describe('of tasks that have not ended'),
    oldest: time.optional(),
    cursor: z.string().optional().describe('for the next slice; absent at the end'),
  })
  .meta({
    id: 'RecountSlice',
    example: {
      rows: 1000,
      pending: 0,
      running: 0,
      counted: tallyExample,
      batches: [{ id: 'nightly-2026-03-01', rows: 1000, chunks: 1, counted: tallyExample }],
      uncounted: 0,
      lying: { count: 0, examples: [] },
      expired: { count: 0, examples: [] },
      newer: { count: 0, examples: [] },
      oldest: EXAMPLE_TIME,
    },
  });

export const batchFactsShape = z
  .strictObject({
    batches: z
      .array(
        z.strictObject({
          id: z.string(),
          queue: z.string(),
          createdAt: time,
          total: z.int(),
          chunks: count,
          recorded: tallyShape,
        }),
      )
      .readonly(),
  })
  .meta({
    id: 'BatchFacts',
    example: {
      batches: [
        {
          id: 'nightly-2026-03-01',
          queue: 'default',
          createdAt: EXAMPLE_TIME,
          total: 1000,
          chunks: 1,
          recorded: tallyExample,
        },
      ],
    },
  });

export const chunksSentShape = z
  .strictObject({
    queue: z.string(),
    sent: count,
    left: count.describe('call again while some are sent: the work of one call is bounded'),
  })
  .meta({ id: 'ChunksSent', example: { queue: 'default', sent: 1, left: 0 } });

export const settleRequestShape = z
  .strictObject({ tasks: z.array(z.string().min(1).max(200)).min(1).max(100).readonly() })
  .meta({ id: 'SettleRequest', example: { tasks: ['nightly-2026-03-01.0.17'] } });

export const settledShape = z
  .strictObject({
    queue: z.string(),
    settled: z.array(z.string()).readonly().describe('their ends are counted'),
    waiting: z.array(z.string()).readonly().describe('have not ended, or must wait'),
  })
  .meta({ id: 'Settled', example: { queue: 'default', settled: ['nightly-2026-03-01.0.17'], waiting: [] } });
