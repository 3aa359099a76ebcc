import { defineTask } from 'millrace/tasks';
import * as z from 'zod';

export default defineTask({
  name: 'panic',
  args: z.object({}),
  maxAttempts: 1,
  run() {
    throw new Error('this handler panics');
  },
});
