import { describe, expect, it } from 'vitest';
import { assertFires, readExpression, type Timing } from '../../src/api/schedule-expression.ts';

const NOW = Date.UTC(2026, 10, 25, 9, 30); // a Wednesday

const timing = (expression: string, more: Partial<Timing> = {}): Timing => ({
  expression,
  timezone: 'UTC',
  createdAt: NOW,
  ...more,
});

/** The first times after one, as ISO texts without their seconds. */
function times(from: string | number, about: Timing, count: number): string[] {
  const firings = readExpression(about);
  const found: string[] = [];
  let at: number | undefined = typeof from === 'number' ? from : Date.parse(from);
  while (found.length < count) {
    at = firings.after(at);
    if (at === undefined) break;
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('cron, by the examples of the AWS documentation', () => {
  it.each([
    ['15 10 * * ? *', ['2026-11-25T10:15', '2026-11-26T10:15']],
    ['0 18 ? * MON-FRI *', ['2026-11-25T18:00', '2026-11-26T18:00', '2026-11-27T18:00', '2026-11-30T18:00']],
    ['0 8 1 * ? *', ['2026-12-01T08:00', '2027-01-01T08:00']],
    ['0/10 * ? * MON-FRI *', ['2026-11-25T09:40', '2026-11-25T09:50', '2026-11-25T10:00']],
    ['0/5 8-17 ? * MON-FRI *', ['2026-11-25T09:35', '2026-11-25T09:40']],
    ['0/30 20-2 ? * MON-FRI *', ['2026-11-25T20:00', '2026-11-25T20:30', '2026-11-25T21:00']],
    ['0 0,2 ? * FRI-MON *', ['2026-11-27T00:00', '2026-11-27T02:00', '2026-11-28T00:00']],
    ['0/30 20-23,0-2 ? * 2-6 *', ['2026-11-25T20:00', '2026-11-25T20:30']],
    ['0 9 ? * 2#1 *', ['2026-12-07T09:00', '2027-01-04T09:00']],
    ['15 12 ? * MON#3 *', ['2026-12-21T12:15', '2027-01-18T12:15']],
    ['30 10 ? * 6L 2026-2027', ['2026-11-27T10:30', '2026-12-25T10:30', '2027-01-29T10:30']],
    ['0 10 L * ? *', ['2026-11-30T10:00', '2026-12-31T10:00', '2027-01-31T10:00', '2027-02-28T10:00']],
    ['0 10 3W * ? *', ['2026-12-03T10:00', '2027-01-04T10:00', '2027-02-03T10:00']],
    ['0 10 LW * ? *', ['2026-11-30T10:00', '2026-12-31T10:00', '2027-01-29T10:00']],
    ['0 0 ? * L *', ['2026-11-28T00:00', '2026-12-05T00:00']],
    ['0 0 ? * 1 *', ['2026-11-29T00:00', '2026-12-06T00:00']],
    ['0 0 ? * SAT,SUN *', ['2026-11-28T00:00', '2026-11-29T00:00']],
    ['0 12 1 JAN/3 ? *', ['2027-01-01T12:00', '2027-04-01T12:00', '2027-07-01T12:00']],
    ['1/20 9 ? * * *', ['2026-11-25T09:41', '2026-11-26T09:01']],
    ['0 0 29 2 ? *', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ])('%s', (fields, expected) => {
    const about = timing(`cron(${fields})`);
    expect(times(NOW, about, expected.length)).toEqual(expected);
  });

  it.each([
    ['* * * * * *', 'exactly one of'],
    ['0 8 ? * ? *', 'exactly one of'],
    ['0 8 ? * MON-FRI', 'expected 6 fields'],
    ['0 0 8 ? * MON *', 'expected 6 fields'],
    ['0  8 ? * MON *', 'expected 6 fields'],
    ['60 8 ? * MON *', 'minutes: expected 0 to 59, got "60"'],
    ['0 24 ? * MON *', 'hours'],
    ['0 8 0 * ? *', 'day of month'],
    ['0 8 32W * ? *', 'day of month'],
    ['0 8 1 13 ? *', 'month'],
    ['0 8 ? * 0 *', 'day of week: expected 1 to 7 or SUN'],
    ['0 8 ? * 8 *', 'day of week'],
    ['0 8 ? * FUN *', 'day of week'],
    ['0 8 ? * 2#6 *', 'day of week'],
    ['0 8 ? * MON#1,FRI#1 *', 'day of week'],
    ['0 8 ? * MON 1969', 'year'],
    ['0 8 ? * MON 2200', 'year'],
    ['0/0 8 ? * MON *', 'minutes'],
    ['5-1/2 8 ? * MON *', 'minutes'],
    ['0 8 ? * MON 2030-2028', 'year'],
    ['? 8 ? * MON *', 'minutes'],
    ['@daily', 'expected 6 fields'],
    ['', 'expected 6 fields'],
  ])('refuses %s', (fields, why) => {
    expect(() => readExpression(timing(`cron(${fields})`))).toThrow(why);
  });
});

describe('time zones', () => {
  const berlin = (expression: string) => timing(expression, { timezone: 'Europe/Berlin' });

  it('are those in which the fields are read, through the change of the clocks', () => {
    expect(times('2026-10-24T00:00:00Z', berlin('cron(0 8 * * ? *)'), 3)).toEqual([
      '2026-10-24T06:00',
      '2026-10-25T07:00',
      '2026-10-26T07:00',
    ]);
  });

  it('skip what the clocks jump over in spring, as EventBridge does', () => {
    expect(times('2026-03-28T00:00:00Z', berlin('cron(30 2 * * ? *)'), 2)).toEqual([
      '2026-03-28T01:30',
      '2026-03-30T00:30',
    ]);
    expect(times('2026-03-29T00:00:00Z', berlin('cron(30 * * * ? *)'), 3)).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:30',
      '2026-03-29T02:30',
    ]);
  });

  it('fire once what the clocks show twice in autumn', () => {
    expect(times('2026-10-24T12:00:00Z', berlin('cron(30 2 * * ? *)'), 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(times('2026-10-24T23:00:00Z', berlin('cron(30 * * * ? *)'), 3)).toEqual([
      '2026-10-24T23:30',
      '2026-10-25T00:30',
      '2026-10-25T02:30',
    ]);
    const howe = timing('cron(45 1 * * ? *)', { timezone: 'Australia/Lord_Howe' }); // by half an hour
    expect(times('2026-04-03T16:00:00Z', howe, 2)).toEqual(['2026-04-04T14:45', '2026-04-05T15:15']);
  });

  it('leave a rate alone: a day of it has 24 hours', () => {
    const about = { ...berlin('rate(1 day)'), startAt: Date.parse('2026-10-24T06:00:00Z') };
    expect(times('2026-10-24T00:00:00Z', about, 2)).toEqual(['2026-10-24T06:00', '2026-10-25T06:00']);
  });

  it.each(['Mars/Olympus', '', 'CEST', '+02:00', 'x'.repeat(300)])(
    'that do not exist are refused: %s',
    (timezone) => {
      expect(() => readExpression(timing('rate(1 day)', { timezone }))).toThrow('no such time zone');
    },
  );
});

describe('a rate', () => {
  it.each([
    ['rate(1 minute)', ['2026-11-25T09:30', '2026-11-25T09:31', '2026-11-25T09:32']],
    ['rate(15 minutes)', ['2026-11-25T09:30', '2026-11-25T09:45']],
    ['rate(2 hours)', ['2026-11-25T09:30', '2026-11-25T11:30']],
    ['rate(5 days)', ['2026-11-25T09:30', '2026-11-30T09:30']],
  ])('%s fires when it is made, and on', (expression, expected) => {
    expect(times(NOW - 1, timing(expression), expected.length)).toEqual(expected);
  });

  it('keeps its rhythm, and knows its latest time', () => {
    const rate = readExpression(timing('rate(5 minutes)'));
    const minutes = (n: number) => NOW + n * 60_000;
    expect([
      rate.upTo(minutes(-1)),
      rate.upTo(minutes(12)),
      rate.after(minutes(12)),
      rate.after(minutes(15)),
    ]).toEqual([undefined, minutes(10), minutes(15), minutes(20)]);
  });

  it.each([
    '0 minutes',
    '30 seconds',
    '1.5 hours',
    '-1 days',
    '5',
    'minutes',
    '5 weeks',
    '100001 days',
    ' 5 minutes',
    '1e3 days',
  ])('of %s is refused', (inner) =>
    expect(() => readExpression(timing(`rate(${inner})`))).toThrow('not a rate'),
  );
});

describe('at', () => {
  it('fires once', () => {
    expect(times(NOW, timing('at(2027-01-31T08:00:00)', { timezone: 'America/New_York' }), 3)).toEqual([
      '2027-01-31T13:00',
    ]);
  });

  it('takes the first of two where the clocks are set back', () => {
    expect(times(0, timing('at(2026-10-25T02:30:00)', { timezone: 'Europe/Berlin' }), 1)).toEqual([
      '2026-10-25T00:30',
    ]);
  });

  it.each(['2026-11-25', '2026-11-25T08:00:00Z', '2026-02-30T08:00:00', '2026-11-25T25:00:00', 'noon', ''])(
    'refuses %s',
    (inner) => expect(() => readExpression(timing(`at(${inner})`))).toThrow('cannot be used'),
  );

  it('refuses a time that the clocks jump over, and start or end', () => {
    const berlin = { timezone: 'Europe/Berlin' };
    expect(() => readExpression(timing('at(2027-03-28T02:30:00)', berlin))).toThrow('no such time');
    expect(() => readExpression(timing('at(2027-01-01T00:00:00)', { endAt: NOW }))).toThrow(
      'neither startAt',
    );
  });
});

describe('an expression that fires never', () => {
  it.each([
    ['at(2026-11-25T09:29:59)', {}],
    ['cron(0 0 30 2 ? *)', {}],
    ['cron(0 0 1 1 ? 2020)', {}],
    ['cron(30 2 ? 3 1L *)', { timezone: 'Europe/Berlin' }],
    ['cron(0 0 1 1 ? *)', { endAt: Date.UTC(2026, 11, 31) }],
    ['rate(1 day)', { startAt: NOW + 1000, endAt: NOW }],
  ])('%s is refused, and says so', (expression, more) => {
    expect(() => assertFires(timing(expression, more), NOW)).toThrow(/it never fires/);
  });

  it.each(['', 'hourly', 'rate 5 minutes', 'cron(0 8 ? * MON *', 'RATE(1 day)', 'rate(1 day) '])(
    'nor one that is none of the kinds: %s',
    (expression) => expect(() => assertFires(timing(expression), NOW)).toThrow('none of the three kinds'),
  );
});
