/** Does something once, a while after it was first asked for. */
export class Later {
  readonly #run: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: () => void) {
    this.#run = run;
  }

  /** Nothing changes when it is planned already. */
  plan(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, ms);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
