import process from 'node:process';
import { FromHost } from '../host-messages.ts';
import type { HostChannel } from './host-channel.ts';

type Callback = (error?: Error | null) => void;

/**
 * Sends what is written to `process.stdout` and `process.stderr`, and so by `console`, to the worker.
 * @param callOf the call that writes, for what an earlier one left behind may write as well
 */
export function captureOutput(channel: HostChannel, callOf: () => number): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Callback, callback?: Callback) => {
      const done = typeof encoding === 'function' ? encoding : callback;
      const bytes =
        typeof chunk === 'string'
          ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8')
          : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      channel.print(FromHost[name], callOf(), bytes);
      if (done) process.nextTick(done);
      return true;
    };
    process[name].write = write;
  }
}
