import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../systems/peer.ts';

/** Reads the marks that messages leave in a folder, see produce.mjs: a `first-PID` of each producer, a byte an end. */
export function followMarks(folder: string): Progress {
  const endsFile = join(folder, 'ends');
  return {
    done: () => (existsSync(endsFile) ? statSync(endsFile).size : 0),
    // Nothing but the first start of a producer's tasks and the last end is known: between them a shell has no clock.
    times: async () => {
      const ends = statSync(endsFile);
      const marks = readdirSync(folder).filter((name) => name.startsWith('first-'));
      const starts = marks.map((name) => statSync(join(folder, name)).mtimeMs);
      const first = Math.min(...starts);
      return {
        // Those before them are another producer's.
        firstStart: async (after) => (after > 0 ? Math.max(...starts) : first),
        ends: Array.from({ length: ends.size }, (_, end) => (end === 0 ? first : ends.mtimeMs)),
      };
    },
  };
}
