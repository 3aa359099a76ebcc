import { setTimeout } from 'node:timers/promises';
import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

export default defineTask({
  name: 'sleep',
  args: z.object({ seconds: z.number().nonnegative() }),
  async run({ seconds }, { signal }) {
    await setTimeout(seconds * 1000, undefined, { signal });
    return true;
  },
});
