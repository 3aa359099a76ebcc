import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

/** Sleeps, and tells how far it is. */
export default defineTask({
  name: 'sleep',
  args: z.object({ seconds: z.number().min(0).max(36_000) }),
  result: z.boolean(),
  async run({ seconds }, { signal, progress }) {
    const steps = Math.max(1, Math.ceil(seconds));
    for (let step = 0; step < steps; step += 1) {
      progress((100 * step) / steps, `${step} of ${seconds} s`);
      await sleep((seconds / steps) * 1000, undefined, { signal });
    }
    return true;
  },
});
