import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { KEY } from './embedded-servers.ts';

/** The embedded AWS in a process of its own, which can be killed in the middle of its work. */
export interface EmbeddedAwsProcess {
  readonly pid: number;
  readonly sqs: string;
  readonly dynamodb: string;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts `test/fixtures/embedded-aws.ts` on a folder; it is killed when the test ends. */
export async function startEmbeddedAws(dataDir: string): Promise<EmbeddedAwsProcess> {
  const script = fileURLToPath(new URL('../fixtures/embedded-aws.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, dataDir, KEY], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const lines = createInterface(child.stdout);
  const first = await Promise.race([once(lines, 'line'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error('the embedded AWS ended before it was ready');
  const urls = JSON.parse(String(first[0])) as { sqs: string; dynamodb: string };
  return { pid: child.pid ?? 0, ...urls, kill };
}
