const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 12345678 → "12.3 MB". */
export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${UNITS[power] ?? ''}`;
}

/** 12345 → "12,345". */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** 1, "line" → "1 line"; 2, "line" → "2 lines". */
export function amountOf(count: number, thing: string): string {
  return `${countText(count)} ${thing}${count === 1 ? '' : 's'}`;
}
