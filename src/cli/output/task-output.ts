import type { TaskView } from '../../core/task-view.ts';
import type { CliContext } from '../context.ts';

/** Takes what a task wrote: to this process's own two streams, or to be printed as JSON. */
export interface TaskOutput {
  write(stream: 'stdout' | 'stderr', text: string): void;
  /** The ends that are kept with the task. */
  writeTails(task: Pick<TaskView, 'stdout' | 'stderr'>): void;
  collected(): { readonly stdout: string; readonly stderr: string };
}

/** @param collects for JSON: nothing is written as it comes */
export function makeTaskOutput(context: CliContext, collects: boolean): TaskOutput {
  const taken = { stdout: '', stderr: '' };
  const write = (stream: 'stdout' | 'stderr', text: string): void => {
    if (collects) taken[stream] += text;
    else context[stream].write(text);
  };
  return {
    write,
    writeTails({ stdout = '', stderr = '' }) {
      write('stdout', stdout);
      write('stderr', stderr);
    },
    collected: () => taken,
  };
}
