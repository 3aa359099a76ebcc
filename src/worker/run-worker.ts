import { BATCH_ENTRIES } from '../core/limits.ts';
import { ControlWatch } from './control-watch.ts';
import { EmptyWatch } from './empty-watch.ts';
import type { Handling } from './handling.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldMessages } from './held-messages.ts';
import { NewerMessages } from './newer-messages.ts';
import { pause } from './pause.ts';
import type { RunningAttempt } from './run-attempt.ts';
import { SettleLoop } from './settle-loop.ts';
import { Slots } from './slots.ts';
import { WorkerReporter } from './worker-report.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** Why a worker left, and how many attempts it ran. */
export interface WorkerResult {
  readonly why: 'stopped' | 'empty' | 'idle' | 'once' | 'none';
  readonly ran: number;
}

const CONTROL_MS = 1000;
const PAUSED_MS = 1000;
const ERROR_MS = 1000;
const LAST_POLL_MS = 500; // a receive that is about to bring messages may still do so; then it is cut off
const LAST_KILL_MS = 5000;
const LAST_WRITES_MS = 3000;

/** Receives messages of one queue and runs their tasks, until its mode or a signal ends it. */
export async function runWorker(settings: WorkerSettings): Promise<WorkerResult> {
  const { ports, definition, settler, monotonic, worker, force } = settings;
  const claimant = { ports, settler, definition, worker };
  const queue = ports.messages.main(definition.name);
  const held = new HeldMessages(queue, ports.log);
  const control = new ControlWatch(ports.queues, definition.name, monotonic, ports.log);
  const heartbeat = new Heartbeat(claimant, held, control, monotonic);
  const running = new Set<RunningAttempt>();
  // An attempt stays in `running` until its end is counted.
  const isBusy = () => [...running].some(({ isEnded }) => !isEnded);
  const settleLoop = new SettleLoop(settler, ports.log, isBusy);
  const newer = new NewerMessages(monotonic);
  const handling: Handling = { settings, claimant, held, heartbeat, control, settleLoop, running, newer };
  const slots = new Slots(handling);
  const reporter = new WorkerReporter(settings, () => ({
    busy: [...running].map(({ attempt }) => attempt.row.id),
    held: held.size,
    newer: newer.count,
  }));
  const stopping = watchStop(settings, running);

  let why: WorkerResult['why'];
  try {
    why = await receiveUntilDone(handling, slots, stopping.polls);
  } finally {
    slots.close();
    while (!slots.isIdle) await slots.changed();
    // Ends that cannot be counted now are left to whoever receives their messages; what is handed back may still be.
    const recorded = slots.recorded();
    await ((await settleLoop.drain()) ? recorded : Promise.race([recorded, pause(LAST_WRITES_MS, force)]));
    settleLoop.close();
    heartbeat.close();
    stopping.close();
    await held.drain();
    await reporter.close();
  }
  return { why, ran: slots.ran };
}

/** First signal: a grace for what runs, then it is stopped. Second: it is stopped at once. */
function watchStop(settings: WorkerSettings, running: ReadonlySet<RunningAttempt>) {
  const { stop, force, graceMs } = settings;
  const polls = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const stopAll = (killMs: number): void => {
    for (const attempt of running) attempt.stop(killMs);
  };
  const onStop = (): void => {
    timers.push(setTimeout(() => polls.abort(), LAST_POLL_MS));
    timers.push(setTimeout(() => stopAll(Math.min(graceMs, LAST_KILL_MS)), graceMs));
  };
  const onForce = (): void => {
    polls.abort();
    stopAll(LAST_POLL_MS);
  };
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  force.addEventListener('abort', onForce, { once: true });
  return {
    polls: polls.signal,
    close() {
      for (const timer of timers) clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      force.removeEventListener('abort', onForce);
    },
  };
}

async function receiveUntilDone(
  handling: Handling,
  slots: Slots,
  polls: AbortSignal,
): Promise<WorkerResult['why']> {
  const { settings, held, control, newer } = handling;
  const { ports, definition, mode, stop, monotonic } = settings;
  const queue = ports.messages.main(definition.name);
  const empty = new EmptyWatch(settings, queue, newer, control);
  // No race with a promise of the stop: each race would stay in that promise's memory until it resolves.
  stop.addEventListener('abort', () => slots.wake(), { once: true });
  while (!stop.aborted) {
    if (mode === 'once' && slots.ran > 0) return 'once';
    if (slots.room <= 0) {
      await slots.changed();
      continue;
    }
    if ((await control.read(CONTROL_MS)).paused) {
      slots.releaseLine();
      empty.saw(0, slots.isIdle);
      if (slots.isIdle && empty.isIdleLongEnough()) return 'idle';
      await pause(PAUSED_MS, stop);
      continue;
    }
    const room = Math.min(slots.room, mode === 'once' ? 1 : BATCH_ENTRIES);
    if (room <= 0) continue; // it has shrunk meanwhile: recent tasks were long
    const askedAt = monotonic();
    let messages;
    try {
      messages = await queue.receive(room, empty.waitSeconds(), polls);
    } catch (error) {
      if (stop.aborted) break;
      ports.log.warn({ err: error }, 'could not receive messages; trying again');
      await pause(ERROR_MS, stop);
      continue;
    }
    const takenAt = monotonic();
    const taken = messages.map((message) => held.hold(message, askedAt, takenAt));
    const { paused } = messages.length > 0 ? await control.read(CONTROL_MS) : control.seen;
    if (stop.aborted || paused) {
      for (const message of taken) held.release(message, 0);
      continue;
    }
    slots.take(taken);
    empty.saw(taken.length, slots.isIdle);
    if (taken.length > 0 || !slots.isIdle) {
      if (mode === 'once') while (!slots.isIdle) await slots.changed();
      continue;
    }
    if (mode === 'once') return 'none';
    if (empty.isIdleLongEnough()) return 'idle';
    if (mode === 'until-empty') {
      // What this worker has ended but not deleted yet would be seen as in flight.
      if (!(await handling.settleLoop.drain())) continue;
      await slots.recorded();
      await held.drain();
      if (await empty.isEmpty()) return 'empty';
    }
  }
  return 'stopped';
}
