import { setTimeout as sleep } from 'node:timers/promises';
import type { MillraceClient } from '../client/millrace-client.ts';
import type { CliContext } from './context.ts';

/** Real commands, one of which fails at its first attempt and is retried. */
const COMMANDS = [
  'echo "hello from $MILLRACE_TASK_ID"',
  'uname -sr',
  'seq 1 200000 | sort -rn | head -n 1',
  'sleep 0.3; echo "slept a little"',
  'test "$MILLRACE_ATTEMPT" -gt 1 || { echo "failing once, on purpose" >&2; exit 1; }',
  'echo "{\\"answer\\": 42}" > "$MILLRACE_RESULT"',
];

const LOOK_MS = 200;
const PATIENCE_MS = 30_000;

/** Runs a small batch through a stack that has just started, and says what to try next. */
export async function runDemo(context: CliContext, client: MillraceClient, stop: AbortSignal): Promise<void> {
  const say = (text: string) => context.stdout.write(`${text}\n`);
  say(`A first batch of ${COMMANDS.length} commands; one fails at first, and is run again:\n`);
  const batch = `demo-${Date.now().toString(36)}`;
  const body = new TextEncoder().encode(COMMANDS.join('\n'));
  await client.uploadChunk({
    queue: 'default',
    batch,
    chunk: 0,
    contentType: 'text/plain; charset=utf-8',
    body,
  });
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const progress = await client.readBatch(batch);
    const open = progress.pending + progress.running;
    if (open === 0) {
      say(`\n${progress.succeeded} succeeded, ${progress.failed} failed, ${progress.cancelled} cancelled.`);
      break;
    }
    if (Date.now() > until) {
      say(`\n${open} of them have not ended yet; no worker may be running.`);
      break;
    }
    await sleep(LOOK_MS, undefined, { signal: stop });
  }
  say(`
Try next, in another terminal in this folder:

  npx millrace create default 'echo hi' --wait
  npx millrace run hello name=you --wait
  seq 1 100 | sed 's/^/echo number /' | npx millrace load default -
  npx millrace progress default
  npx millrace peek default succeeded 5
  npx millrace --help
`);
}
