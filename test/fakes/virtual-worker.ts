import { vi } from 'vitest';
import type { Ports } from '../../src/core/ports.ts';
import { DEFAULT_QUEUE, type QueueDefinition } from '../../src/core/queue-definition.ts';
import { settleGraceMs } from '../../src/core/limits.ts';
import { Settler } from '../../src/core/settle.ts';
import { NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { runWorker, type WorkerResult } from '../../src/worker/run-worker.ts';
import type { WorkerSettings } from '../../src/worker/worker-settings.ts';
import { makeFakeRunner, type FakeProgram } from './fake-runner.ts';
import { interceptPorts, type Intercept } from './intercept-ports.ts';
import { makeMemoryPorts } from './memory-ports.ts';
import type { MemoryState } from './memory-state.ts';

/** The real worker over ports in memory, in virtual time. */
export interface VirtualWorker {
  readonly ports: Ports;
  readonly state: MemoryState;
  readonly programs: readonly FakeProgram[];
  readonly result: Promise<WorkerResult>;
  readonly stop: AbortController;
  readonly pass: (ms: number) => Promise<unknown>;
  /** Ends it, and gives the time back. */
  close(): Promise<void>;
}

/** From here on time passes when a test says so; `vi.useRealTimers` ends that. */
export function useVirtualTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
}

/** Ports in memory whose clock is the virtual one, and whose receive waits as long as it is asked to. */
export function virtualPorts(
  memory: { readonly ports: Ports; readonly state: MemoryState },
  intercept: Intercept = (_call, run) => run(),
): Ports {
  return { ...interceptPorts(memory.ports, inTime(memory.state, intercept)), clock: () => Date.now() };
}

/** The real worker on such ports; `end` stops it, its programs included. */
export function runVirtualWorker(ports: Ports, more: Partial<WorkerSettings> = {}) {
  const definition = more.definition ?? DEFAULT_QUEUE;
  const { runner, programs } = makeFakeRunner();
  const [stop, force] = [new AbortController(), new AbortController()];
  const result: Promise<WorkerResult> = runWorker({
    ports,
    settler: new Settler(ports, definition.name, settleGraceMs(definition.leaseSeconds * 1000)),
    definition,
    runner,
    worker: 'virtual',
    mode: 'forever',
    slots: 2,
    baseEnv: () => ({}),
    redactor: NOTHING_SECRET,
    graceMs: 10_000,
    pollSeconds: 20,
    emptyChecks: 1,
    stop: stop.signal,
    force: force.signal,
    monotonic: () => performance.now(),
    ...more,
  });
  const end = async (): Promise<void> => {
    stop.abort();
    force.abort();
    for (const program of programs) program.end();
    await vi.advanceTimersByTimeAsync(60_000);
    await result;
  };
  return { programs, result, stop, force, end };
}

/** Starts one; nothing happens before time passes. @param intercept sees every call of its ports */
export function startVirtualWorker(
  more: Partial<WorkerSettings> = {},
  intercept?: Intercept,
  definition: QueueDefinition = DEFAULT_QUEUE,
): VirtualWorker {
  useVirtualTime();
  const memory = makeMemoryPorts([definition]);
  const ports = virtualPorts(memory, intercept);
  const { programs, result, stop, end } = runVirtualWorker(ports, { definition, ...more });
  return {
    ports,
    state: memory.state,
    programs,
    result,
    stop,
    pass: (ms) => vi.advanceTimersByTimeAsync(ms),
    async close() {
      await end();
      vi.useRealTimers();
    },
  };
}

/** The state's clock is the virtual one, and a receive waits as long as it is asked to. */
function inTime(state: MemoryState, intercept: Intercept): Intercept {
  return async (call, run) => {
    const seconds = call.name === 'main.receive' ? (call.args[1] as number) : 0;
    const signal = call.name === 'main.receive' ? (call.args[2] as AbortSignal | undefined) : undefined;
    for (let waited = 0; ; waited += 100) {
      const answer = await intercept(call, () => {
        state.now = Date.now();
        return run();
      });
      const isEmpty = Array.isArray(answer) && answer.length === 0;
      if (!isEmpty || waited >= seconds * 1000 || signal?.aborted) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
}
