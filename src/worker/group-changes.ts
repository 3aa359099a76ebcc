import type { ChangeResult, ChangesTogether, TaskStore } from '../core/ports.ts';
import { foretell, type Foretold } from '../core/together.ts';
import type { TaskChange } from '../core/transition.ts';

/** While a request is under way, what comes is gathered for so long at most; otherwise nothing waits. */
const LINGER_MS = 8;

interface Waiting {
  readonly asked: TaskChange;
  readonly foretold: Foretold;
  readonly resolve: (result: ChangeResult | Promise<ChangeResult>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The same store, in which changes of many slots share requests, where the service has such requests. A change that
 * is refused in company is asked for again alone; one whose request is lost is as unknown as if it had been alone.
 */
export function groupChanges(tasks: TaskStore): TaskStore {
  const { together } = tasks;
  if (!together) return tasks;
  const group = new ChangeGroup(tasks, together);
  return { ...tasks, change: (change) => group.change(change) };
}

class ChangeGroup {
  readonly #tasks: TaskStore;
  readonly #together: ChangesTogether;
  /** By task: one request may name a task only once. */
  #waiting = new Map<string, Waiting>();
  #underWay = 0;
  #isGathering = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(tasks: TaskStore, together: ChangesTogether) {
    this.#tasks = tasks;
    this.#together = together;
  }

  change(asked: TaskChange): Promise<ChangeResult> {
    const foretold = this.#together.isOffered() && !this.#waiting.has(asked.id) ? foretell(asked) : undefined;
    if (!foretold) return this.#tasks.change(asked);
    return new Promise((resolve, reject) => {
      this.#waiting.set(asked.id, { asked, foretold, resolve, reject });
      if (this.#waiting.size >= this.#together.max) this.#send();
      else if (this.#underWay > 0) this.#timer ??= setTimeout(() => this.#send(), LINGER_MS);
      else this.#gather();
    });
  }

  /** What several slots ask for in the same moment goes together. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    queueMicrotask(() => {
      this.#isGathering = false;
      this.#send();
    });
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = [...this.#waiting.values()];
    if (group.length === 0) return;
    this.#waiting = new Map();
    this.#underWay += 1;
    void this.#ask(group).finally(() => {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#send();
    });
  }

  async #ask(group: readonly Waiting[]): Promise<void> {
    try {
      const done = await this.#together.change(group.map(({ foretold }) => foretold.change));
      group.forEach(({ asked, foretold, resolve }, at) =>
        resolve(done[at] ? { done: true, row: foretold.row } : this.#tasks.change(asked)),
      );
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
