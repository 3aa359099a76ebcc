import type { MessageQueue, Ports, ReceivedMessage } from '../../src/core/ports.ts';
import { isTerminal } from '../../src/core/task-states.ts';
import { parseWorkflowTaskId, type WorkflowRow } from '../../src/core/workflow-row.ts';
import { breakChanges, breakWorkflows } from './mutant.ts';
import type { Mutant, MutantHost, World } from './world.ts';

/** Breaks of chains and sets. */
export const WORKFLOW_MUTANTS: readonly Mutant[] = [
  {
    name: 'continue-after-delete',
    breaks: 'a workflow goes on before the message of its ended task is deleted',
    ports: deleteFirst,
  },
  {
    name: 'step-id-by-chance',
    breaks: 'a step has the same id whoever enqueues it',
    ports: otherIdOnRepeat,
  },
  {
    name: 'set-counted-by-a-counter',
    breaks: 'a set counts its members by their numbers, each once',
    ports: breakWorkflows((workflows, { world }) => ({
      async addDone(id, member) {
        const row = await workflows.addDone(id, member);
        const calls = (callsOf(world).get(id) ?? 0) + 1;
        callsOf(world).set(id, calls);
        return row && { ...row, done: Array.from({ length: calls }, (_, at) => at + 1) };
      },
    })),
  },
  {
    name: 'member-counted-before-its-end',
    breaks: 'a member is done once its end is recorded and counted',
    ports: breakChanges(async (change, send, _process, ports) => {
      const place = change.event === 'succeed' ? parseWorkflowTaskId(change.id) : undefined;
      if (place && 'member' in place)
        await ports.workflows.addDone(place.workflow, place.member).catch(() => {});
      return send(change);
    }),
  },
  {
    name: 'complete-is-told-once',
    breaks: 'a set that is found complete on a repetition is called back then',
    ports: breakWorkflows((workflows, { world }) => ({
      async addDone(id, member) {
        const wasThere = world.tables.workflows.get(id)?.done.includes(member);
        const row = await workflows.addDone(id, member);
        return wasThere && row ? { ...row, done: [] } : row;
      },
    })),
  },
  {
    name: 'next-row-before-its-message',
    breaks: 'the message of the next task is sent before its row is written',
    ports: sendLater,
  },
  {
    name: 'cancelled-workflow-goes-on',
    breaks: 'whoever continues a workflow looks whether it is cancelled',
    ports: breakWorkflows((workflows, process) => {
      if (process.name.startsWith('api')) return {};
      return {
        read: async (id) => withoutMark(await workflows.read(id)),
        addDone: async (id, member) => withoutMark(await workflows.addDone(id, member)),
      };
    }),
  },
  {
    name: 'workflow-stored-last',
    breaks: 'a workflow is stored before its first task is sent',
    ports: storeLater,
  },
];

function withoutMark(row: WorkflowRow | undefined): WorkflowRow | undefined {
  if (!row) return undefined;
  const { cancelledAt: _cancelledAt, ...rest } = row;
  return rest;
}

const calls = new WeakMap<World, Map<string, number>>();

/** How often each set was told of a member. */
function callsOf(world: World): Map<string, number> {
  const found = calls.get(world) ?? new Map<string, number>();
  calls.set(world, found);
  return found;
}

const idOf = (body: string) => /^{"id":"([^"]+)"/.exec(body)?.[1] ?? '';

function withMain(ports: Ports, main: Partial<MessageQueue>): Ports {
  const whole = { ...ports.messages.main('default'), ...main };
  return { ...ports, messages: { ...ports.messages, main: () => whole } };
}

function deleteFirst(ports: Ports, process: MutantHost): Ports {
  if (!process.name.startsWith('worker')) return ports;
  const main = ports.messages.main('default');
  const receipts = new Map<string, string>();
  const deleteEnded = async (workflow: string) => {
    const ended = [...receipts].filter(([id]) => {
      const state = process.world.tables.tasks.get(id)?.state ?? 'none';
      return parseWorkflowTaskId(id)?.workflow === workflow && isTerminal(state);
    });
    for (const [id] of ended) receipts.delete(id);
    if (ended.length > 0) await main.delete(ended.map(([, receipt]) => receipt));
  };
  const receive: MessageQueue['receive'] = async (...args) => {
    const messages: readonly ReceivedMessage[] = await main.receive(...args);
    for (const { body, receipt } of messages) receipts.set(idOf(body), receipt);
    return messages;
  };
  return {
    ...withMain(ports, { receive }),
    workflows: {
      ...ports.workflows,
      read: async (id) => (await deleteEnded(id), ports.workflows.read(id)),
      addDone: async (id, member) => (await deleteEnded(id), ports.workflows.addDone(id, member)),
    },
  };
}

/** The first that enqueues a step names it as it should; whoever repeats that finds no such step, and makes another. */
function otherIdOnRepeat(ports: Ports, process: MutantHost): Ports {
  const { tables } = process.world;
  const names = new Map<string, string>();
  const isLater = (id: string) => {
    const place = parseWorkflowTaskId(id);
    return place !== undefined && 'step' in place && place.step > 1;
  };
  const nameOf = (id: string): string => {
    if (!tables.tasks.has(id)) return id;
    const [workflow = '', step = ''] = id.split('.');
    const other = `${workflow}-${ports.newId()}`;
    const row = tables.workflows.get(workflow);
    if (row) tables.workflows.set(other, { ...row, id: other });
    const steps = tables.steps.get(workflow);
    if (steps) tables.steps.set(other, steps);
    return `${other}.${step}`;
  };
  const main = ports.messages.main('default');
  const send: MessageQueue['send'] = (messages) =>
    main.send(
      messages.map((message) => {
        const id = idOf(message.body);
        if (!isLater(id) || message.body.includes('"redriveOf"')) return message;
        const name = nameOf(id);
        names.set(id, name);
        return { ...message, body: message.body.replace(id, name) };
      }),
    );
  return {
    ...withMain(ports, { send }),
    tasks: {
      ...ports.tasks,
      read: async (id) => {
        const row = await ports.tasks.read(id);
        return isLater(id) && !process.name.startsWith('api') ? undefined : row;
      },
      change: (change) =>
        ports.tasks.change(
          change.event === 'enqueue' ? { ...change, id: names.get(change.id) ?? change.id } : change,
        ),
    },
  };
}

function sendLater(ports: Ports, process: MutantHost): Ports {
  if (process.name.startsWith('api')) return ports;
  const main = ports.messages.main('default');
  const later = new Map<string, Parameters<MessageQueue['send']>[0]>();
  const isFirst = (body: string) =>
    parseWorkflowTaskId(idOf(body)) !== undefined && !process.world.tables.tasks.has(idOf(body));
  const send: MessageQueue['send'] = async (messages) => {
    const [first] = messages;
    if (messages.length === 1 && first && isFirst(first.body)) later.set(idOf(first.body), messages);
    else await main.send(messages);
  };
  return {
    ...withMain(ports, { send }),
    tasks: {
      ...ports.tasks,
      async change(change) {
        const result = await ports.tasks.change(change);
        const messages = later.get(change.id);
        if (change.event !== 'enqueue' || !messages) return result;
        later.delete(change.id);
        await main.send(messages);
        return result;
      },
    },
  };
}

function storeLater(ports: Ports): Ports {
  const later = new Map<string, () => Promise<unknown>>();
  const storeNow = async (id: string) => {
    const store = later.get(id);
    later.delete(id);
    await store?.();
  };
  return {
    ...ports,
    workflows: {
      ...ports.workflows,
      async store(row, steps) {
        later.set(row.id, () => ports.workflows.store(row, steps));
        return ports.workflows.read(row.id);
      },
    },
    tasks: {
      ...ports.tasks,
      async change(change) {
        const result = await ports.tasks.change(change);
        if (change.event === 'enqueue') await storeNow(parseWorkflowTaskId(change.id)?.workflow ?? '');
        return result;
      },
    },
    batches: {
      ...ports.batches,
      async markSent(batch, chunk) {
        await ports.batches.markSent(batch, chunk);
        await storeNow(batch);
      },
    },
  };
}
