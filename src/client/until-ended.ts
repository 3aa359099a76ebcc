import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal, type TaskState } from '../core/task-states.ts';

/** Between two looks in the last half second of a wait. */
const PAUSE_MS = 100;

/** Asks, each time for as long as the API holds an answer, until it has ended or the time is up. */
export async function untilEnded<T extends { readonly state: TaskState }>(
  ask: (waitSeconds: number) => Promise<T>,
  timeoutMs: number,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(0, until - performance.now());
    const waitSeconds = Math.round(leftMs / 1000); // the API takes whole ones
    const seen = await ask(waitSeconds);
    if (isTerminal(seen.state) || performance.now() >= until) return seen;
    if (waitSeconds === 0) await delay(Math.min(PAUSE_MS, until - performance.now()));
  }
}
