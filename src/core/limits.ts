/** Every number the contract rests on, with its unit in its name and its reason beside it. */

const KIB = 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Sizes. */
export const MAX_ARGUMENT_BYTES = 128 * KIB - 1; // Linux MAX_ARG_STRLEN is 128 KiB with the closing NUL
export const MAX_PROGRAM_BYTES = 256 * KIB; // a whole task through the API, as JSON
export const MAX_MESSAGE_BYTES = 1024 * KIB; // SQS: a message, and all the messages of one SendMessageBatch
export const MAX_TASK_BODY_BYTES = 1024 * KIB; // HTTP body of one task: JSON escapes can make 256 KiB longer
export const MAX_BATCH_BODY_BYTES = 4 * 1024 * KIB; // HTTP body of a batch: a Lambda is handed 6 MB at most, in base64
export const MAX_PAGE_BYTES = 2.5 * 1024 * KIB; // of a list: a Lambda answers 6 MB at most, and quotes every quote
export const MAX_CHUNK_TASKS = 1000;
export const MAX_CHUNK_BYTES = 350 * KIB; // compressed; a DynamoDB item holds 400 KB
export const MAX_CHUNK_RAW_BYTES = 320 * KIB; // as clients cut it: it fits even if it does not compress at all
export const MAX_PAYLOAD_PART_BYTES = 380 * KIB; // one payload item
export const MAX_SCHEDULE_INPUT_BYTES = 200 * KIB; // EventBridge Scheduler: 256 KB for the whole target
export const MAX_RESULT_BYTES = 256 * KIB;
export const MAX_TAIL_BYTES = 8 * KIB; // of stdout and of stderr
export const MAX_STATE_ITEM_BYTES = 1000; // of 1,024: every update of the state item bills the whole item
export const MAX_PROGRAM_PREVIEW_BYTES = 320; // of a program in the state item; a longer one is kept as payload
export const MAX_LEDGER_ITEM_BYTES = 1000; // a ledger that outgrows one write unit makes room for another
export const MAX_ENV_ENTRIES = 100;
export const MAX_ARGS_DEPTH = 100; // of a handler's arguments: what walks them may recurse
export const MAX_CHAIN_STEPS = 100;
export const MAX_FED_BYTES = 1024 * KIB; // of what the members of a set hand to its callback
export const MAX_IDEMPOTENCY_KEY_CHARS = 256;
export const MAX_PAGE = 1000;

/** Times. */
export const CLOCK_SKEW_MS = 5 * SECOND; // hosts whose clocks differ by more are outside G3
export const DEFAULT_LEASE_SECONDS = 60;
export const MAX_VISIBILITY_MS = 12 * HOUR; // SQS, from each receive; extending does not reset it
export const MAX_TIMEOUT_SECONDS = 11 * 3600; // leaves an hour of the 12 for starting, killing and settling
export const DEFAULT_TIMEOUT_SECONDS = 3600;
export const MAX_DELAY_SECONDS = 900; // SQS, per message
export const MAX_SCHEDULED_DELAY_SECONDS = (366 * DAY) / SECOND; // of one task: a scheduler sends its message when it is due
export const SCHEDULER_TRIES_MS = DAY; // what cannot be sent when it is due is tried for so long: as long as EventBridge does
export const MAX_WAIT_SECONDS = 20; // both the SQS long poll and the `wait` of the API (HTTP API: 30 s)
export const MESSAGE_RETENTION_SECONDS = (10 * DAY) / SECOND;
export const DEAD_LETTER_RETENTION_SECONDS = (14 * DAY) / SECOND; // SQS's maximum, counted from the first enqueue
export const DEAD_LETTER_TIMEOUT_SECONDS = 30; // of the function that judges them, ten at a time
export const DEAD_LETTER_VISIBILITY_SECONDS = 6 * DEAD_LETTER_TIMEOUT_SECONDS; // as AWS advises for an event source
export const RESEND_AFTER_MS = 7 * DAY; // a receiver renews what it cannot run now before its queue forgets it
export const SWEEP_AFTER_MS = 8 * DAY; // what no receiver has seen by then is renewed all the same, two days in time
export const COPY_FIRST_MS = 9 * DAY; // what is run later than that has its copy out first: a run takes up to 11 h
export const EMPTY_LOOK_MS = 6 * DAY; // a queue that was seen empty holds nothing that is old before that
export const FULL_LOOK_MS = HOUR; // how often one that was not is looked at
export const MINUTE_SWEEP_MS = 20 * SECOND; // of one minute run, for renewing the messages of one queue
export const MIN_NEWER_WAIT_MS = 30 * SECOND; // before a message of a newer version is looked at again
export const MAX_NEWER_WAIT_MS = 15 * MINUTE; // 672 looks in the 7 days after which it is copied: below 1,000 receives
export const ROW_RETENTION_MS = 30 * DAY; // from the end of the task
export const CHUNK_RETENTION_MS = 90 * DAY; // from its creation: outlives the rows of tasks that waited long
export const BACKOFF_BASE_MS = 2 * SECOND;
export const BACKOFF_CAP_MS = 15 * MINUTE;
export const UNSENT_CHUNK_AGE_MS = 2 * MINUTE; // younger ones are still being sent by whoever stored them

/** Counts. */
export const DEFAULT_MAX_ATTEMPTS = 3;
export const MAX_MAX_ATTEMPTS = 100;
export const MAX_RECEIVE_COUNT = 1000; // SQS's maximum: far above any maxAttempts, so that rows decide, not receives
export const BATCH_ENTRIES = 10; // entries of one SQS batch call
export const MAX_LAUNCH_COUNT = 200; // workers by one request: 20 calls of RunTask in the 29 s that the API has
export const LISTING_SHARDS = 16; // an unsharded index key stops at about 1,000 writes a second

/**
 * How long an end that its own process has not counted yet is left to that process, in ms.
 * Counting it earlier would be safe (its ledger is closed first) but makes a live process open a new ledger.
 */
export function settleGraceMs(leaseMs: number): number {
  return leaseMs * 1.5;
}
