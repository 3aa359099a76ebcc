import type { HandlerHost } from './handler-host.ts';
import { HOST_BASE_MIB, residentMiB } from './host-memory.ts';

/** A host that still holds so much of its memory when its call is over has a leak. */
const LEAK_PART = 0.7;
/** A host is looked at no more often after its calls: there may be thousands a second. */
const LEAK_MS = 1000;

/** Ends hosts that hold more than they may: where nothing else bounds them, and for what other bounds do not count. */
export function endOverdrawn(hosts: Iterable<HandlerHost>, memoryMiB: number): void {
  for (const host of hosts) {
    const usedMiB = usedBy(host);
    if (usedMiB <= memoryMiB + HOST_BASE_MIB) continue;
    const used = `it held ${Math.round(usedMiB)} MiB of memory`;
    host.kill(
      `the handler’s process was killed: ${used}, of which a handler may use ${memoryMiB} MiB here (handlerMemoryMiB)`,
    );
  }
}

/** Tells of hosts whose calls are over which of them have a leak. */
export class LeakWatch {
  readonly #memoryMiB: number;
  readonly #lookedAt = new WeakMap<HandlerHost, number>();

  constructor(memoryMiB: number) {
    this.#memoryMiB = memoryMiB;
  }

  hasLeak(host: HandlerHost): boolean {
    const now = performance.now();
    if (now - (this.#lookedAt.get(host) ?? -Infinity) < LEAK_MS) return false;
    this.#lookedAt.set(host, now);
    return usedBy(host) > (this.#memoryMiB + HOST_BASE_MIB) * LEAK_PART;
  }
}

function usedBy({ pid }: HandlerHost): number {
  return (pid === undefined ? undefined : residentMiB(pid)) ?? 0;
}
