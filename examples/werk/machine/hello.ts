import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

export default defineTask({
  name: 'hello',
  args: z.object({ name: z.string() }),
  run: ({ name }) => `Hello, ${name}!`,
});
