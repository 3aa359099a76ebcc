import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

/** Fails: the attempt ends with this error, and is retried like any other. */
export default defineTask({
  name: 'panic',
  args: z.object({ message: z.string().default('panic!') }),
  run({ message }) {
    throw new Error(message);
  },
});
