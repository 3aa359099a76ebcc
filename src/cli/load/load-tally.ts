import type { RefusedLine } from '../../client/millrace-client.ts';
import type { LoadRecord } from './load-record.ts';
import type { ChunkStart } from './chunker.ts';

/** What became of the lines of a chunk; `line` counts from 1 in the whole input. */
export interface ChunkOutcome {
  readonly accepted: number;
  readonly refused: readonly RefusedLine[];
}

/** Refused lines that are kept for the summary: the rest is counted, so that memory stays bounded. */
const MAX_REFUSED = 1000;

/** Adds up what became of the input so far. */
export class LoadTally {
  next: ChunkStart;
  accepted: number;
  refused: RefusedLine[];
  refusedMore: number;

  constructor(done: Pick<LoadRecord, 'next' | 'accepted' | 'refused' | 'refusedMore'>) {
    this.next = done.next;
    this.accepted = done.accepted;
    this.refused = [...done.refused];
    this.refusedMore = done.refusedMore;
  }

  add(next: ChunkStart, outcome: ChunkOutcome): void {
    const room = MAX_REFUSED - this.refused.length;
    this.next = next;
    this.accepted += outcome.accepted;
    this.refused.push(...outcome.refused.slice(0, room));
    this.refusedMore += Math.max(0, outcome.refused.length - room);
  }

  get refusedCount(): number {
    return this.refused.length + this.refusedMore;
  }
}
