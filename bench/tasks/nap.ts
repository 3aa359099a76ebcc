import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

/** What the bench calls: nothing at all for 0 ms. */
export default defineTask({
  name: 'nap',
  args: z.object({ ms: z.number().min(0) }),
  result: z.boolean(),
  async run({ ms }) {
    if (ms > 0) await sleep(ms);
    return true;
  },
});
