/** The six fields of EventBridge's cron, with what each may hold; `names` stand for the numbers from `min` on. */
const FIELDS = [
  { title: 'minutes', min: 0, max: 59, extra: '' },
  { title: 'hours', min: 0, max: 23, extra: '' },
  { title: 'day of month', min: 1, max: 31, extra: '?LW' },
  { title: 'month', min: 1, max: 12, extra: '', names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC' },
  { title: 'day of week', min: 1, max: 7, extra: '?L#', names: 'SUN MON TUE WED THU FRI SAT' },
  { title: 'year', min: 1970, max: 2199, extra: '' },
] as const;

type Field = (typeof FIELDS)[number];

/**
 * EventBridge's six fields → the pattern that `croner` reads, with Sunday = 1: seconds before them, `n/step` spelled
 * as a range, a lone `L` as the last day of the week. What croner would take and EventBridge would not is refused.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 * @throws Error that says what is wrong
 */
export function toCronPattern(text: string): string {
  const parts = text.split(' ');
  if (parts.length !== FIELDS.length) {
    throw new Error(`expected ${FIELDS.length} fields with one space between, got ${parts.length}`);
  }
  const [, , dayOfMonth, , dayOfWeek] = parts;
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new Error('exactly one of day of month and day of week is to be ?');
  }
  return ['0', ...FIELDS.map((field, at) => toField(field, parts[at] ?? ''))].join(' ');
}

function toField(field: Field, text: string): string {
  if (text === '*' || (text === '?' && field.extra.includes('?'))) return '*';
  const isOfMonth = field.title === 'day of month';
  const isOfWeek = field.title === 'day of week';
  if (isOfMonth && /^(L|LW|\d{1,2}W)$/.test(text)) {
    if (text.endsWith('W') && text !== 'LW') valueOf(field, text.slice(0, -1));
    return text;
  }
  if (isOfWeek && text === 'L') return '7';
  if (isOfWeek && /^[^,/-]+L$/.test(text)) return `${valueOf(field, text.slice(0, -1))}L`;
  if (isOfWeek && /^[^,/-]+#[1-5]$/.test(text))
    return `${valueOf(field, text.slice(0, -2))}#${text.slice(-1)}`;
  return text
    .split(',')
    .map((item) => toItem(field, item))
    .join(',');
}

function toItem(field: Field, item: string): string {
  const [range = '', step, ...more] = item.split('/');
  const [from = '', to, ...rest] = range.split('-');
  if (more.length > 0 || rest.length > 0) throw wrong(field, item);
  if (step !== undefined && !/^[1-9]\d{0,3}$/.test(step)) throw wrong(field, item);
  if (range === '*' && step !== undefined) return `${field.min}-${field.max}/${step}`;
  const low = valueOf(field, from);
  const high = to === undefined ? undefined : valueOf(field, to);
  if (high !== undefined && high < low) {
    // 20-2 goes over midnight, as FRI-MON over the end of the week.
    if (step !== undefined || field.title === 'year') throw wrong(field, item);
    return `${low}-${field.max},${field.min}-${high}`;
  }
  if (step === undefined) return high === undefined ? String(low) : `${low}-${high}`;
  return `${low}-${high ?? field.max}/${step}`;
}

function valueOf(field: Field, text: string): number {
  const names: readonly string[] = 'names' in field ? field.names.split(' ') : [];
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? field.min + named : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (value >= field.min && value <= field.max) return value;
  throw wrong(field, text);
}

function wrong(field: Field, got: string): Error {
  const names = 'names' in field ? ` or ${field.names.split(' ').join(', ')}` : '';
  return new Error(
    `${field.title}: expected ${field.min} to ${field.max}${names}, got ${JSON.stringify(got)}`,
  );
}
