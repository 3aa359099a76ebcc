/** A text that cannot move the cursor: control characters are shown, not sent to the terminal. */
export function toVisible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (found) => {
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** The same, on one line. */
export function toOneLine(text: string): string {
  return toVisible(text).replaceAll('\n', '⏎').replaceAll('\t', ' ');
}

/** At most `width` characters, the last one showing that some are missing. */
export function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}
