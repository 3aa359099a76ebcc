/** How bad it is. A warning is a problem too; a note is none. */
export type Severity = 'note' | 'warning' | 'error';

/** Everything that the doctor can find, with the check that finds it. The codes are stable: programs may branch on them. */
export const FINDINGS = {
  node_too_old: { check: 'node', severity: 'error' },
  data_folder: { check: 'data', severity: 'error' },
  disk_nearly_full: { check: 'data', severity: 'warning' },
  unavailable: { check: 'api', severity: 'error' },
  unauthorized: { check: 'api', severity: 'error' },
  forbidden: { check: 'api', severity: 'error' },
  api_failing: { check: 'api', severity: 'error' },
  dependency_failing: { check: 'api', severity: 'error' },
  version_differs: { check: 'version', severity: 'warning' },
  server_older: { check: 'version', severity: 'error' },
  clock_skew: { check: 'clock', severity: 'warning' },
  queue_missing: { check: 'sqs', severity: 'error' },
  dead_letter_queue_missing: { check: 'sqs', severity: 'error' },
  queue_unreadable: { check: 'sqs', severity: 'error' },
  redrive_policy_differs: { check: 'sqs', severity: 'error' },
  retention_differs: { check: 'sqs', severity: 'warning' },
  visibility_differs: { check: 'sqs', severity: 'warning' },
  dead_letters: { check: 'dead-letters', severity: 'warning' },
  chunks_sent: { check: 'chunks', severity: 'note' },
  chunks_unsent: { check: 'chunks', severity: 'warning' },
  counts_differ: { check: 'counts', severity: 'error' },
  counts_in_motion: { check: 'counts', severity: 'note' },
  counts_exceed_rows: { check: 'counts', severity: 'note' },
  batch_counts_differ: { check: 'batches', severity: 'error' },
  batch_counts_in_motion: { check: 'batches', severity: 'note' },
  batch_counts_exceed_rows: { check: 'batches', severity: 'note' },
  batch_total_differs: { check: 'batches', severity: 'error' },
  ends_uncounted: { check: 'uncounted', severity: 'error' },
  ends_waiting: { check: 'uncounted', severity: 'note' },
  ends_settled: { check: 'uncounted', severity: 'note' },
  tasks_without_message: { check: 'messages', severity: 'error' },
  leases_expired: { check: 'leases', severity: 'warning' },
  rows_newer: { check: 'versions', severity: 'warning' },
  paused: { check: 'backlog', severity: 'note' },
  paused_with_backlog: { check: 'backlog', severity: 'warning' },
  backlog_old: { check: 'backlog', severity: 'warning' },
  purge_in_effect: { check: 'backlog', severity: 'note' },
  workers_stale: { check: 'workers', severity: 'note' },
  ledgers_not_folded: { check: 'ledgers', severity: 'warning' },
} as const satisfies Record<string, { check: string; severity: Severity }>;

export type FindingCode = keyof typeof FINDINGS;
export type CheckName = (typeof FINDINGS)[FindingCode]['check'];

/** What a check came to: `ok`, or one thing that it found. */
export interface CheckResult {
  readonly check: CheckName;
  /** `ok`, or what was found. */
  readonly code: 'ok' | FindingCode;
  readonly severity: 'ok' | Severity;
  readonly queue?: string | undefined;
  readonly batch?: string | undefined;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
  readonly count?: number | undefined;
  /** Ids of some of them. */
  readonly examples?: readonly string[] | undefined;
}

type About = Pick<CheckResult, 'queue' | 'batch'>;

export function passed(check: CheckName, message: string, about: About = {}): CheckResult {
  return { check, code: 'ok', severity: 'ok', ...about, message };
}

/** @param hint what to do about it; '' where nothing has to be done */
export function found(
  code: FindingCode,
  message: string,
  hint: string,
  more: About & Pick<CheckResult, 'expected' | 'got' | 'count' | 'examples'> = {},
): CheckResult {
  const { check, severity } = FINDINGS[code];
  const { queue, batch, ...rest } = more;
  return {
    check,
    code,
    severity,
    ...(queue !== undefined && { queue }),
    ...(batch !== undefined && { batch }),
    message,
    ...rest,
    ...(hint !== '' && { hint }),
  };
}
