import { join } from 'node:path';
import process from 'node:process';
import { cleanEnv, LocalStack } from '../../test/support/local-stack.ts';
import { run } from '../../test/support/processes.ts';
import { writeCommands } from '../load/command-lines.ts';
import { against, interleave } from '../rounds.ts';
import type { Section } from '../section.ts';
import { watchMemory } from '../watch-memory.ts';

const OURS = 'millrace load';
const BARE_SEND = join(import.meta.dirname, '../load/bare-send.ts');
/** As many as the loader's chunks and their messages make together. */
const REQUESTS_AT_ONCE = 32;

type Loaded = Partial<Record<'rate' | 'peak' | 'growth', number>>;

export const load: Section = {
  name: 'load',
  title:
    'a file of commands: `millrace load`, its start included, beside the SDK sending the same messages alone',
  isAlone: true,
  run: async (context) => {
    const lines = context.options.load;
    const file = join(context.home, 'commands.txt');
    await writeCommands(file, lines);
    const figures = await interleave<keyof Loaded>(context, [
      { who: OURS, measure: () => onStack((stack) => loadFile(stack, file, lines)) },
      { who: 'bare SDK loop', measure: () => onStack((stack) => sendBare(stack, lines)) },
    ]);
    const growth = 'its growth from the second fifth to the last';
    return [
      against(figures('rate'), { what: 'loaded', unit: 'tasks/s', better: 'more' }, OURS),
      against(figures('peak'), { what: 'memory of the loader, peak', unit: 'MiB', better: 'less' }, OURS),
      against(figures('growth'), { what: growth, unit: 'MiB', better: 'less' }, OURS),
    ];
  },
};

/** Each time on a durable stack with nothing in it. */
async function onStack(measure: (stack: LocalStack) => Promise<Loaded>): Promise<Loaded> {
  const stack = await LocalStack.start();
  try {
    return await measure(stack);
  } finally {
    await stack.remove();
  }
}

async function loadFile(stack: LocalStack, file: string, lines: number): Promise<Loaded> {
  const began = performance.now();
  const loader = stack.startCli(['load', 'default', file, '--json']);
  const memory = watchMemory(loader.pid);
  const code = await loader.exit;
  const rate = (lines * 1000) / (performance.now() - began);
  memory.stop();
  if (code !== 0) throw new Error(`load exited ${code}: ${loader.stderr()}`);
  const growth = memory.medianMiB(0.8, 1) - memory.medianMiB(0.2, 0.4);
  return { rate, peak: memory.peakMiB(), growth };
}

async function sendBare({ ready, data }: LocalStack, lines: number): Promise<Loaded> {
  const key = new URL(ready.api).password;
  const args = [BARE_SEND, ready.queues['default'] ?? '', String(lines), String(REQUESTS_AT_ONCE)];
  const env = {
    ...cleanEnv(data),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: key,
    AWS_SECRET_ACCESS_KEY: key,
    AWS_ENDPOINT_URL_SQS: ready.sqs,
  };
  const { code, stdout, stderr } = await run(process.execPath, args, { env });
  if (code !== 0) throw new Error(`the bare loop exited ${code}: ${stderr}`);
  return { rate: lines / Number(stdout) };
}
