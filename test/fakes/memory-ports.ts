import { createHash } from 'node:crypto';
import type { MessageQueue, Ports } from '../../src/core/ports.ts';
import { DEFAULT_QUEUE, type QueueDefinition } from '../../src/core/queue-definition.ts';
import { makeTimerScheduler } from '../../src/local/timer-scheduler.ts';
import { makeMemoryQueue, type MemoryMessage } from './memory-queue.ts';
import type { LogEntry, MemoryState } from './memory-state.ts';
import { makeMemoryBatches, makeMemoryControls, makeMemoryLedgers } from './memory-tables.ts';
import { makeMemoryTimers } from './memory-timers.ts';
import { makeMemoryTasks } from './memory-tasks.ts';
import { makeMemoryWorkflows } from './memory-workflows.ts';

export const START = Date.UTC(2026, 0, 1);

/** All the ports in memory. To have calls fail, see intercept-ports.ts. */
export function makeMemoryPorts(definitions: readonly QueueDefinition[] = [DEFAULT_QUEUE]): {
  ports: Ports;
  state: MemoryState;
} {
  const state: MemoryState = {
    now: START,
    random: 0.5,
    ids: 0,
    definitions: [...definitions],
    tasks: new Map(),
    outputs: new Map(),
    payloads: new Map(),
    ledgers: new Map(),
    retired: new Map(),
    folded: new Map(),
    batches: new Map(),
    chunks: new Map(),
    workflows: new Map(),
    steps: new Map(),
    controls: new Map(),
    locks: new Map(),
    reports: new Map(),
    messages: new Map(),
    timers: new Map(),
    log: [],
  };
  const newId = () => `id-${(state.ids += 1)}`;
  const find = (name: string) => state.definitions.find((definition) => definition.name === name);
  const listOf = (name: string): MemoryMessage[] => {
    const list = state.messages.get(name) ?? [];
    state.messages.set(name, list);
    return list;
  };
  const open = (queue: string, isDead: boolean): MessageQueue =>
    makeMemoryQueue(listOf(isDead ? `${queue}/dead` : queue), {
      now: () => state.now,
      newId,
      visibilityMs: (find(queue)?.leaseSeconds ?? 60) * 1000,
      ...(!isDead && { dead: listOf(`${queue}/dead`) }),
    });
  const write = (level: LogEntry['level']) => (fields: object, message: string) =>
    void state.log.push({ level, fields: { ...fields }, message });
  const ports: Ports = {
    tasks: makeMemoryTasks(state),
    ledgers: makeMemoryLedgers(state),
    batches: makeMemoryBatches(state),
    workflows: makeMemoryWorkflows(state),
    queues: makeMemoryControls(state),
    catalog: { list: async () => state.definitions, find: async (name) => find(name) },
    messages: { main: (queue) => open(queue, false), dead: (queue) => open(queue, true) },
    scheduler: makeTimerScheduler(makeMemoryTimers(state.timers), () => state.now),
    clock: () => state.now,
    random: () => state.random,
    newId,
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 40),
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
  return { ports, state };
}
