import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Log } from '../core/ports.ts';

export interface ScaleInProtection {
  setBusy(isBusy: boolean): void;
  close(): void;
}

interface Options {
  /** ECS_AGENT_URI: answers to this task alone. */
  readonly agentUri: string;
  readonly log: Log;
  readonly fetch: typeof fetch;
  /** Idle for so long, it may be chosen: tasks that follow each other closely cost one request in all. */
  readonly idleMs?: number;
  readonly retryMs?: number;
}

const IDLE_MS = 30_000;
const RETRY_MS = 10_000;
const REQUEST_MS = 5000;
const NO_TASK_OF_A_SERVICE = 'TASK_NOT_VALID';
const EXPIRES_MINUTES = 120; // should the worker freeze, its service gets it back
const RENEW_MS = 60 * 60_000;

/**
 * Keeps ECS from choosing this worker of a service while it is busy, when there are to be fewer of them. It does
 * not keep Spot from taking the machine back; then, as on any SIGTERM, what runs is handed back.
 */
export function startScaleInProtection(options: Options): ScaleInProtection {
  const { agentUri, log, idleMs = IDLE_MS, retryMs = RETRY_MS } = options;
  const closing = new AbortController();
  let wanted = false;
  let idleTimer: NodeJS.Timeout | undefined;
  let changed = Promise.withResolvers<void>();
  const want = (isWanted: boolean): void => {
    wanted = isWanted;
    changed.resolve();
  };

  const put = async (enabled: boolean): Promise<'done' | 'failed' | 'refused'> => {
    try {
      const response = await options.fetch(`${agentUri}/task-protection/v1/state`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ProtectionEnabled: enabled,
          ...(enabled && { ExpiresInMinutes: EXPIRES_MINUTES }),
        }),
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_MS)]),
      });
      const text = await response.text();
      const failure = response.ok ? findFailure(text) : undefined;
      if (response.ok && failure === undefined) return 'done';
      const got = text.slice(0, 400);
      log.warn({ status: response.status, got }, 'ECS did not change the protection of this worker');
      if (response.ok) return failure === NO_TASK_OF_A_SERVICE ? 'refused' : 'failed';
      return response.status >= 400 && response.status < 500 && response.status !== 429
        ? 'refused'
        : 'failed';
    } catch (error) {
      if (!closing.signal.aborted) log.warn({ err: error }, 'ECS could not be asked to protect this worker');
      return 'failed';
    }
  };

  const keepUp = async (): Promise<void> => {
    let isProtected = false;
    let renewAt = 0;
    while (!closing.signal.aborted) {
      changed = Promise.withResolvers<void>();
      const isDue = wanted && performance.now() >= renewAt;
      if (wanted !== isProtected || isDue) {
        const asked: boolean = wanted;
        const outcome = await put(asked);
        if (outcome === 'refused') return; // no task of a service, or without the right to ask: no use to go on
        if (outcome === 'done') {
          isProtected = asked;
          renewAt = performance.now() + RENEW_MS;
        } else await pause(retryMs, closing.signal);
        continue;
      }
      await Promise.race([changed.promise, pause(isProtected ? RENEW_MS : Infinity, closing.signal)]);
    }
  };
  void keepUp();

  return {
    setBusy(isBusy) {
      clearTimeout(idleTimer);
      if (isBusy) want(true);
      else idleTimer = setTimeout(() => want(false), idleMs).unref();
    },
    close() {
      clearTimeout(idleTimer);
      closing.abort();
      changed.resolve();
    },
  };
}

/** The agent answers 200 as well when ECS would not, and says why: a deployment that waits for this task, say. */
function findFailure(text: string): string | undefined {
  try {
    const { failure } = JSON.parse(text) as { failure?: { Reason?: string } };
    return failure && (failure.Reason ?? 'no reason given');
  } catch {
    return undefined;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const longest = 2 ** 31 - 1;
  await sleepFor(Math.min(ms, longest), undefined, { signal, ref: false }).catch(() => {});
}
