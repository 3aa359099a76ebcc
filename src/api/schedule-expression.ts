import { Cron } from 'croner';
import { MillraceError } from '../core/errors.ts';
import type { Schedule } from '../core/schedule.ts';
import { toCronPattern } from './cron-pattern.ts';

/** What decides when a schedule fires. */
export type Timing = Pick<Schedule, 'expression' | 'timezone' | 'startAt' | 'endAt' | 'createdAt'>;

const MINUTE_MS = 60_000;
const UNIT_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: 24 * 60 * MINUTE_MS } as const;
/** Beyond it EventBridge takes no value of a rate. */
const MAX_RATE_VALUE = 100_000;
/** Of EventBridge's year field. */
const LAST_YEAR = 2199;
/** Hours that a change of the clocks may repeat, and one to spare. */
const MAX_REPEATED_MS = 2 * 60 * MINUTE_MS;

/** The times (ms) at which an expression fires, as docs/schedules.md has it; the same here as in AWS. */
interface Firings {
  /** The first one after this time. */
  after(ms: number): number | undefined;
  /** The last one at or before this time. */
  upTo(ms: number): number | undefined;
}

/**
 * Reads an expression, without asking whether it still fires.
 * @throws MillraceError `invalid_schedule`
 */
export function readExpression(timing: Timing): Firings {
  const { expression, timezone, startAt = -Infinity, endAt = Infinity } = timing;
  assertTimezone(timezone);
  const [, kind = '', inner = ''] = /^(rate|cron|at)\((.*)\)$/.exec(expression) ?? [];
  const plain =
    kind === 'rate'
      ? readRate(inner, expression, timing.startAt ?? timing.createdAt)
      : kind === 'cron'
        ? readCron(inner, expression, timezone)
        : kind === 'at'
          ? readAt(inner, expression, timezone)
          : undefined;
  if (!plain) throw invalid('none of the three kinds', expression, EXPRESSIONS);
  if (kind === 'at' && (timing.startAt !== undefined || timing.endAt !== undefined)) {
    throw invalid('at(…) fires once and takes neither startAt nor endAt', expression, 'at(…) by itself');
  }
  const within = (ms: number | undefined) =>
    ms !== undefined && ms >= startAt && ms <= endAt ? ms : undefined;
  return {
    after: (ms) => within(plain.after(Math.max(ms, startAt - 1))),
    upTo: (ms) => within(plain.upTo(Math.min(ms, endAt))),
  };
}

/**
 * @returns when it fires first
 * @throws MillraceError `invalid_schedule` when it cannot be read, or fires never
 */
export function assertFires(timing: Timing, now: number): number {
  const next = readExpression(timing).after(now - 1);
  if (next !== undefined) return next;
  const limits = timing.startAt !== undefined || timing.endAt !== undefined;
  throw invalid(
    `it never fires${limits ? ' between startAt and endAt' : ''}`,
    timing.expression,
    `a time after ${new Date(now).toISOString()} at which it fires`,
  );
}

const EXPRESSIONS = 'rate(5 minutes), cron(0 8 ? * MON-FRI *) or at(2027-01-31T08:00:00)';

function readRate(inner: string, expression: string, anchor: number): Firings {
  const [, value = '', unit = ''] = /^([0-9]+) (minutes?|hours?|days?)$/.exec(inner) ?? [];
  const count = Number(value);
  if (unit === '' || count < 1 || count > MAX_RATE_VALUE) {
    throw invalid('not a rate', expression, `rate(N minutes|hours|days), N from 1 to ${MAX_RATE_VALUE}`);
  }
  const period = count * UNIT_MS[unit.replace(/s$/, '') as keyof typeof UNIT_MS];
  const upTo = (ms: number) => (ms < anchor ? undefined : ms - ((ms - anchor) % period));
  return { upTo, after: (ms) => (ms < anchor ? anchor : (upTo(ms) ?? anchor) + period) };
}

function readAt(inner: string, expression: string, timezone: string): Firings {
  const expected = 'at(YYYY-MM-DDThh:mm:ss), a time that is on the clocks of the time zone';
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inner)) throw invalid('not a time', expression, expected);
  const at = localTime(inner, timezone);
  if (at === undefined) throw invalid('there is no such time', expression, expected);
  return { after: (ms) => (ms < at ? at : undefined), upTo: (ms) => (ms >= at ? at : undefined) };
}

/** A local time → ms; the first of two where the clocks are set back. */
function localTime(text: string, timezone: string): number | undefined {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== text) return undefined;
  // Offsets lie within a day, and change by hours: one of these is the one.
  const offsets = [-1, 1].map((day) => {
    const ms = asUtc + day * UNIT_MS.day;
    return Date.parse(`${wallClock(ms, timezone)}Z`) - ms;
  });
  const candidates = offsets.map((offset) => asUtc - offset).sort((a, b) => a - b);
  return candidates.find((ms) => wallClock(ms, timezone) === text);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** YYYY-MM-DDThh:mm:ss as clocks of this time zone show it. */
function wallClock(ms: number, timeZone: string): string {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(timeZone, clock);
  }
  return clock.format(ms).replace(' ', 'T');
}

function readCron(inner: string, expression: string, timezone: string): Firings {
  let cron: Cron;
  try {
    cron = new Cron(toCronPattern(inner), {
      timezone,
      paused: true,
      mode: '7-part',
      alternativeWeekdays: true,
    });
  } catch (error) {
    const why = (error as Error).message.replace(/^CronPattern: /, '').slice(0, 200);
    throw invalid(
      why,
      expression,
      'cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR), one of the days a ?',
    );
  }
  // Clocks set forward: EventBridge skips what they jump over. Set back: what they show twice fires the first time.
  const isReal = (at: Date): boolean => cron.match(at) && !isSecondShowing(at.getTime(), timezone);
  const first = (dates: Iterator<Date>): number | undefined => {
    for (let next = dates.next(); !next.done; next = dates.next())
      if (isReal(next.value)) return next.value.getTime();
    return undefined;
  };
  return {
    after: (ms) => first(walk(ms, (from) => cron.nextRun(from))),
    upTo: (ms) => first(walk(ms + 1, (from) => cron.previousRuns(1, from)[0] ?? null)),
  };
}

function* walk(from: number, step: (from: Date) => Date | null): Generator<Date> {
  for (let at = step(new Date(from)); at && at.getUTCFullYear() <= LAST_YEAR; at = step(at)) yield at;
}

function isSecondShowing(ms: number, timezone: string): boolean {
  const shown = wallClock(ms, timezone);
  for (let back = 30 * MINUTE_MS; back <= MAX_REPEATED_MS; back += 30 * MINUTE_MS) {
    if (wallClock(ms - back, timezone) === shown) return true;
  }
  return false;
}

function assertTimezone(timezone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    if (/^[+-]/.test(timezone)) throw new RangeError('an offset');
  } catch {
    throw new MillraceError('invalid_schedule', 'There is no such time zone.', {
      expected: 'a name of the IANA list, as Europe/Berlin or America/New_York; UTC unless told',
      got: timezone.slice(0, 80),
      hint: 'Take the name of a city in it.',
    });
  }
}

function invalid(why: string, expression: string, expected: string): MillraceError {
  return new MillraceError('invalid_schedule', `This expression cannot be used: ${why}.`, {
    expected,
    got: expression.slice(0, 200),
    hint: 'Correct the expression; docs/schedules.md has the fields and examples.',
  });
}
