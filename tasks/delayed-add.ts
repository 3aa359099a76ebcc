import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

/** Adds two numbers, after a while. */
export default defineTask({
  name: 'delayed_add',
  args: z.object({ x: z.number(), y: z.number(), seconds: z.number().min(0).default(5) }),
  result: z.number(),
  async run({ x, y, seconds }, { log, signal }) {
    log.info(`delayed add begins: ${x} + ${y} = ??`);
    await sleep(seconds * 1000, undefined, { signal });
    log.info(`delayed add finished: ${x} + ${y} = ${x + y}`);
    return x + y;
  },
});
