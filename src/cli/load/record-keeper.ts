import { removeLoadRecord, writeLoadRecord, type LoadRecord } from './load-record.ts';

/** Writes of a record at most so often, in ms: what is lost between two is only sent once more. */
const WRITE_EVERY_MS = 1000;

/** Keeps the record of a load on the disk, behind the load by a second at most and never in its way. */
export class RecordKeeper {
  readonly #path: string;
  readonly #clock: () => number;
  #latest: LoadRecord | undefined;
  #writtenAt = -Infinity;
  #writing: Promise<void> = Promise.resolve();
  #error: Error | undefined;

  constructor(path: string, clock: () => number) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The load has come to here. Throws what an earlier write failed with. */
  note(record: LoadRecord): void {
    if (this.#error) throw this.#error;
    this.#latest = record;
    if (this.#clock() - this.#writtenAt < WRITE_EVERY_MS) return;
    this.#writtenAt = this.#clock();
    this.#write();
  }

  /** Resolves when what was noted last is on the disk. */
  async flush(): Promise<void> {
    this.#write();
    await this.#writing;
    if (this.#error) throw this.#error;
  }

  /** The load has ended: there is nothing to go on with. */
  async remove(): Promise<void> {
    this.#latest = undefined;
    await this.#writing;
    await removeLoadRecord(this.#path);
  }

  /** One write at a time, each of what is the latest then. */
  #write(): void {
    this.#writing = this.#writing
      .then(async () => {
        const record = this.#latest;
        this.#latest = undefined;
        if (record) await writeLoadRecord(this.#path, record);
      })
      .catch((error: unknown) => {
        this.#error = error instanceof Error ? error : new Error(String(error));
      });
  }
}
