/** Whose code an event runs. Events of a dead owner are skipped: a crashed process hears of nothing any more. */
export interface Owner {
  readonly isDead: boolean;
}

/** Never dies: the network, SQS, DynamoDB, and the people who call. */
export const OUTSIDE: Owner = { isDead: false };

interface Event {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner;
  readonly run: () => void;
  isCancelled: boolean;
}

const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  dateNow: Date.now,
};
const BATCH = 64; // events between two turns of the real event loop

class VirtualTimer {
  event: Event | undefined;
}

/**
 * Virtual time. Events happen one at a time, ordered by time and then by when they were planned. All promises that
 * an event settles have run before the next one: Node empties its microtask queue between two immediates. So what
 * runs is always the code of one owner, and the timers it sets are that owner's.
 */
export class VirtualTime {
  /** ms since this world began. */
  now = 0;
  #current: Owner | undefined;
  #order = 0;
  readonly #heap: Event[] = [];

  plan(at: number, owner: Owner, run: () => void): Event {
    const event = { at: Math.max(at, this.now), order: (this.#order += 1), owner, run, isCancelled: false };
    push(this.#heap, event);
    return event;
  }

  /** Lets events happen until there are none, or `isOver`. Global timers are virtual meanwhile. */
  async run(isOver: () => boolean): Promise<void> {
    this.#replaceTimers();
    try {
      await new Promise<void>((resolve, reject) => {
        let isDone = false;
        const finish = (settle: () => void): void => {
          isDone = true;
          this.#current = undefined;
          settle();
        };
        const step = (): void => {
          if (isDone) return;
          try {
            if (isOver() || !this.#next()) finish(resolve);
          } catch (error) {
            finish(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        };
        const batch = (): void => {
          if (isDone) return;
          for (let n = 0; n < BATCH; n += 1) REAL.setImmediate(step);
          REAL.setImmediate(batch);
        };
        batch();
      });
    } finally {
      Object.assign(globalThis, REAL);
      Date.now = REAL.dateNow;
    }
  }

  #next(): boolean {
    for (let event = pop(this.#heap); event; event = pop(this.#heap)) {
      if (event.isCancelled || event.owner.isDead) continue;
      this.now = event.at;
      this.#current = event.owner;
      event.run();
      return true;
    }
    return false;
  }

  #replaceTimers(): void {
    const start =
      (every: boolean) =>
      (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
        const owner = this.#current;
        // Not ours: the test runner's own.
        if (!owner) return (every ? REAL.setInterval : REAL.setTimeout)(run, ms, ...args);
        const timer = new VirtualTimer();
        const arm = (): void => {
          timer.event = this.plan(this.now + Math.max(1, ms), owner, () => {
            if (every) arm();
            run(...args);
          });
        };
        arm();
        return timer;
      };
    const clear = (timer: unknown): void => {
      if (timer instanceof VirtualTimer) {
        if (timer.event) timer.event.isCancelled = true;
      } else REAL.clearTimeout(timer as NodeJS.Timeout | undefined);
    };
    const virtual = {
      setTimeout: start(false),
      setInterval: start(true),
      clearTimeout: clear,
      clearInterval: clear,
    };
    Object.assign(globalThis, virtual);
    Date.now = () => (this.#current ? this.now : REAL.dateNow());
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** A binary heap: the earliest event is the first. */
function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as Event;
    if (!isBefore(event, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
    const below = heap[child] as Event;
    if (!isBefore(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return first;
}
