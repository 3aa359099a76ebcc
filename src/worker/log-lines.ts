import type { Log } from '../core/ports.ts';

const MAX_LINE_CHARS = 16_384;

/** What is logged of one attempt: the log is kept in memory until it is written, and programs can outpace it. */
const MAX_LOGGED_CHARS = 1_048_576;
const MAX_LOGGED_LINES = 10_000;

/**
 * Writes a program's output to the log, a line an entry, tagged with what is given; of much output only the
 * beginning (its end is kept with the task).
 */
export function logLines(
  log: Log,
  tags: object,
): { write(stream: 'stdout' | 'stderr', text: string): void; end(): void } {
  const rest = { stdout: '', stderr: '' };
  let [linesLeft, charsLeft] = [MAX_LOGGED_LINES, MAX_LOGGED_CHARS];
  const isFull = (): boolean => linesLeft <= 0 || charsLeft <= 0;
  const put = (stream: 'stdout' | 'stderr', line: string): void => {
    if (isFull()) return;
    log.info({ ...tags, stream }, line);
    linesLeft -= 1;
    charsLeft -= line.length;
    if (!isFull()) return;
    log.warn(tags, 'the program writes so much that the rest of its output is not logged');
    rest.stdout = rest.stderr = '';
  };
  return {
    write(stream, text) {
      if (isFull()) return;
      const lines = (rest[stream] + text).split('\n');
      rest[stream] = lines.pop() ?? '';
      for (const line of lines) put(stream, line);
      if (rest[stream].length > MAX_LINE_CHARS) {
        put(stream, rest[stream]);
        rest[stream] = '';
      }
      if (isFull()) rest[stream] = '';
    },
    end() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (rest[stream] !== '') put(stream, rest[stream]);
        rest[stream] = '';
      }
    },
  };
}
