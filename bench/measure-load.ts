import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalStack } from '../test/support/local-stack.ts';
import { watchPeakMemory } from './peak-memory.ts';

/** Loads a file of so many commands into a durable local stack. */
export async function measureLoad(
  home: string,
  lines: number,
): Promise<{ perSecond: number; loaderMiB: number }> {
  const file = join(home, 'commands.txt');
  await writeFile(file, Array.from({ length: lines }, (_, line) => `echo task number ${line}\n`).join(''));
  const stack = await LocalStack.start();
  try {
    const began = performance.now();
    const loader = stack.startCli(['load', 'default', file, '--json']);
    const memory = watchPeakMemory(loader.pid);
    const code = await loader.exit;
    const seconds = (performance.now() - began) / 1000;
    memory.stop();
    if (code !== 0) throw new Error(`load exited ${code}: ${loader.stderr()}`);
    return { perSecond: Math.round(lines / seconds), loaderMiB: memory.peakMiB() };
  } finally {
    await stack.remove();
  }
}
