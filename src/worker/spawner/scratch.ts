import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OutputPipes } from './output-pipes.ts';
import type { RunAs } from './protocol.ts';

/** The folder of one spawner: its pipes, and a private folder for each of its runs. */
export class Scratch {
  readonly root: string;
  readonly owner: RunAs | undefined;
  #pipes: OutputPipes | undefined;

  constructor(root: string, owner?: RunAs) {
    this.root = root;
    this.owner = owner;
    this.#makeRoot();
  }

  /** Pipes for what is started without the starter. */
  get pipes(): OutputPipes {
    return (this.#pipes ??= new OutputPipes(join(this.root, 'pipes'), this.owner));
  }

  /** Does `work`; if the folder was removed meanwhile (a cleaner of /tmp), makes it again for a second try. */
  retrying<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.restore();
      return work();
    }
  }

  /** Makes the folder again. @throws if it cannot be made */
  restore(): void {
    this.#makeRoot();
    this.#pipes?.restore();
  }

  #makeRoot(): void {
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
    // Another user must be able to pass through to its own folder, and sees no more than that.
    if (this.owner) chmodSync(this.root, 0o711);
  }
}
