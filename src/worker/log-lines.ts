import type { Log } from '../core/ports.ts';

const MAX_LINE_CHARS = 16_384;

/** Writes a program's output to the log, a line an entry, tagged with what is given. */
export function logLines(
  log: Log,
  tags: object,
): { write(stream: 'stdout' | 'stderr', text: string): void; end(): void } {
  const rest = { stdout: '', stderr: '' };
  const put = (stream: 'stdout' | 'stderr', line: string): void => log.info({ ...tags, stream }, line);
  return {
    write(stream, text) {
      const lines = (rest[stream] + text).split('\n');
      rest[stream] = lines.pop() ?? '';
      for (const line of lines) put(stream, line);
      if (rest[stream].length > MAX_LINE_CHARS) {
        put(stream, rest[stream]);
        rest[stream] = '';
      }
    },
    end() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (rest[stream] !== '') put(stream, rest[stream]);
        rest[stream] = '';
      }
    },
  };
}
