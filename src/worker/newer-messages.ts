/** The messages that this worker has left for newer workers and that are not visible again yet. */
export class NewerMessages {
  readonly #until = new Map<string, number>();
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** It is out of sight for so long. */
  left(messageId: string, ms: number): void {
    this.#until.set(messageId, this.#monotonic() + ms);
  }

  get count(): number {
    const now = this.#monotonic();
    for (const [messageId, until] of this.#until) if (until <= now) this.#until.delete(messageId);
    return this.#until.size;
  }
}
