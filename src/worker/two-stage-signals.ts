import process from 'node:process';

/** Two stages of stopping: the first signal asks, the second insists, the third ends the process. */
export interface TwoStageSignals {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
  /** 128 + the number of the signal that insisted, as shells have it. */
  forcedExitCode(): number | undefined;
}

/** npm passes on to a script the Ctrl-C that the terminal has sent to both: within this time it is the same one. */
const SAME_PRESS_MS = 250;

const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Listens to the process's signals from now on, and to the end of a parent that holds a channel to it. */
export function twoStageSignals(onSignal: (signal: string, stage: 1 | 2) => void): TwoStageSignals {
  const stop = new AbortController();
  const force = new AbortController();
  let forcedBy: number | undefined;
  let takenAt = -Infinity;
  const take = (signal: keyof typeof NUMBERS): void => {
    if (performance.now() - takenAt < SAME_PRESS_MS) return;
    takenAt = performance.now();
    if (force.signal.aborted) process.exit(128 + NUMBERS[signal]);
    if (stop.signal.aborted) {
      forcedBy = 128 + NUMBERS[signal];
      onSignal(signal, 2);
      force.abort();
    } else {
      onSignal(signal, 1);
      stop.abort();
    }
  };
  for (const signal of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[])
    process.on(signal, () => take(signal));
  if (process.connected) {
    process.once('disconnect', () => {
      onSignal('the end of its parent', 1);
      stop.abort();
    });
    process.channel?.unref(); // listening must not keep a process alive whose work is done
  }
  return { stop: stop.signal, force: force.signal, forcedExitCode: () => forcedBy };
}
