import type { ExaminedBatch } from '../../core/doctor/examine-batch.ts';
import type { ExaminedQueue } from '../../core/doctor/examine-queue.ts';
import type { CheckResult } from '../../core/doctor/finding.ts';
import type { Target } from '../find-target.ts';

/** What `millrace doctor --json` prints. The shape is stable; see docs/command-line.md. */
export interface DoctorReport {
  /** No error and no warning. */
  readonly healthy: boolean;
  /** ISO 8601. */
  readonly at: string;
  readonly target?: ReturnType<typeof describeTarget>;
  readonly client: { readonly version: string; readonly node: string };
  readonly server?: { readonly version: string; readonly protocol: number };
  readonly dryRun: boolean;
  readonly queues: readonly Omit<ExaminedQueue, 'checks'>[];
  readonly batches: readonly Omit<ExaminedBatch, 'checks'>[];
  readonly checks: readonly CheckResult[];
  readonly summary: {
    readonly ok: number;
    readonly notes: number;
    readonly warnings: number;
    readonly errors: number;
  };
}

/** @param base address of its API, without a key */
export function describeTarget({ stack, deployed, dataDir }: Target, base: string) {
  if (deployed) return { kind: 'deployed', api: base, stack: deployed.name, region: deployed.access.region };
  return stack ? { kind: 'local', api: base, dataDir } : { kind: 'url', api: base };
}

/** Adds what follows from the checks. */
export function toReport(parts: Omit<DoctorReport, 'healthy' | 'summary'>): DoctorReport {
  const count = (severity: CheckResult['severity']) =>
    parts.checks.filter((check) => check.severity === severity).length;
  const summary = {
    ok: count('ok'),
    notes: count('note'),
    warnings: count('warning'),
    errors: count('error'),
  };
  return { healthy: summary.warnings + summary.errors === 0, ...parts, summary };
}
