import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

/** Greets. */
export default defineTask({
  name: 'hello',
  args: z.object({ name: z.string().min(1) }),
  result: z.string(),
  run: ({ name }) => `Hello, ${name}!`,
});
