/** What this run has sent and done, and what it was told: the checks hold the outcome against it. */
export class Book {
  /** How many tasks a tag may have come to: more than one only where an answer was lost and nothing tells duplicates. */
  readonly sent = new Map<string, { accepted: number; tries: number }>();
  /** Ids that single tasks were answered with. */
  readonly ids = new Map<string, string>();
  /** Of poisonous messages that were taken; of those whose answer was lost, only how many. */
  readonly poisonIds = new Set<string>();
  poisonLost = 0;
  /** The batch that a load has become. */
  readonly batches = new Map<string, { readonly id: string; readonly tasks: number }>();
  /** Told to be cancelled, and whether it was CANCELLED at once. */
  readonly cancelled = new Map<string, 'asked' | 'done'>();
  /** How often a task was, or may have been, redriven. */
  readonly redriven = new Map<string, number>();
  /** Queues have been redriven so often: that redrives any task. */
  queueRedrives = 0;
  /** What was injected, by kind. */
  readonly tally = new Map<string, number>();
  /** What was wrong already while it went on. */
  readonly violations: string[] = [];

  noteSent(tag: string, accepted: number, tries: number): void {
    this.sent.set(tag, { accepted, tries });
  }

  noteRedrive(id: string): void {
    this.redriven.set(id, (this.redriven.get(id) ?? 0) + 1);
  }

  count(kind: string, times = 1): void {
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + times);
  }
}
