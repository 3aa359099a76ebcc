import type { MessageQueue, Ports, ReceivedMessage } from '../../src/core/ports.ts';
import { breakChanges, taskIdOf } from './mutant.ts';
import type { Mutant, MutantHost } from './world.ts';

/** Breaks of what is sent, kept and deleted. */
export const MESSAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'delete-before-settle',
    breaks: 'a message is deleted after its task’s end is recorded',
    ports: deleteAround('before'),
  },
  {
    name: 'delete-before-count',
    breaks: 'a message is deleted after its task’s end is counted',
    ports: deleteAround('after'),
  },
  {
    name: 'delete-when-handed-back',
    breaks: 'the message of a task that is PENDING again stays',
    ports: breakMain((main) => ({
      async setVisibility(entries) {
        await main.delete(entries.filter(({ seconds }) => seconds === 0).map(({ receipt }) => receipt));
        await main.setVisibility(entries.filter(({ seconds }) => seconds !== 0));
      },
    })),
  },
  {
    name: 'row-before-message',
    breaks: 'a message is sent before its row is written',
    ports: (ports, process) => {
      const later: Parameters<MessageQueue['send']>[0][] = [];
      const isApi = process.name.startsWith('api');
      const main = ports.messages.main('default');
      const send: MessageQueue['send'] = (messages) =>
        isApi && messages.length === 1 ? (later.push(messages), Promise.resolve()) : main.send(messages);
      return {
        ...ports,
        messages: { ...ports.messages, main: () => ({ ...main, send }) },
        tasks: {
          ...ports.tasks,
          async change(change) {
            const result = await ports.tasks.change(change);
            for (const messages of later.splice(0)) await main.send(messages);
            return result;
          },
        },
      };
    },
  },
  {
    name: 'redrive-without-its-message',
    breaks: 'a redrive sends a message before it makes the row PENDING',
    ports: breakMain((main) => ({
      send: async (messages) => main.send(messages.filter(({ body }) => !body.includes('"redriveOf"'))),
    })),
  },
  {
    name: 'redriven-message-takes-nothing',
    breaks: 'the message of a redrive takes the row out of FAILED, should the redrive have died',
    ports: breakMain((main) => ({
      receive: async (...args) =>
        (await main.receive(...args)).map((message) => ({
          ...message,
          body: message.body.replace(/,"redriveOf":\d+/, ''),
        })),
    })),
  },
  {
    name: 'redrive-without-its-stamp',
    breaks: 'a redrive names the attempt and the stamp of the end that it takes back',
    ports: breakChanges((change, send) =>
      send(change.event === 'redrive' ? { ...change, guard: {} } : change),
    ),
  },
  {
    name: 'chunk-marked-before-it-is-sent',
    breaks: 'a chunk is marked as sent after its last message',
    ports: (ports) => ({
      ...ports,
      batches: {
        ...ports.batches,
        async storeChunk(chunk) {
          const existing = await ports.batches.storeChunk(chunk);
          await ports.batches.markSent(chunk.batch, chunk.chunk);
          return existing;
        },
      },
    }),
  },
  {
    name: 'chunk-overwritten',
    breaks: 'the same chunk with other tasks is refused',
    ports: (ports, { world }) => ({
      ...ports,
      batches: {
        ...ports.batches,
        async storeChunk(chunk) {
          world.tables.programs.set(`${chunk.batch}/${chunk.chunk}`, chunk);
          return ports.batches.storeChunk(chunk);
        },
      },
    }),
  },
  {
    name: 'dead-letter-deleted',
    breaks: 'a dead letter is judged by its row: what can still run is sent again',
    ports: (ports, process) => {
      if (!process.name.startsWith('letters')) return ports;
      const main = { ...ports.messages.main('default'), send: async () => {} };
      return { ...ports, messages: { ...ports.messages, main: () => main } };
    },
  },
  {
    name: 'dead-letter-judged-by-arrival',
    breaks: 'a dead letter of a running task stays',
    ports: (ports, process) => {
      if (!process.name.startsWith('letters')) return ports;
      const broken = breakChanges((change, send) => send({ ...change, guard: {} }))(ports, process);
      const read: Ports['tasks']['read'] = async (id) => {
        const row = await ports.tasks.read(id);
        return row?.state === 'RUNNING' ? { ...row, lease: 0, failures: row.maxAttempts } : row;
      };
      return { ...broken, tasks: { ...broken.tasks, read } };
    },
  },
  {
    name: 'body-not-kept',
    breaks: 'what a failed task ran is kept',
    ports: (ports) => ({ ...ports, tasks: { ...ports.tasks, writePayload: async () => {} } }),
  },
  {
    name: 'poison-deleted',
    breaks: 'a message that no one can understand becomes a FAILED task',
    ports: breakChanges((change, send) =>
      change.set.reason === 'invalid' ? Promise.resolve({ done: false, row: undefined }) : send(change),
    ),
  },
  {
    name: 'purge-empties-the-queue',
    breaks: 'a purge never empties SQS behind the rows’ back',
    ports: (ports, { world }) => ({
      ...ports,
      queues: {
        ...ports.queues,
        async setPurgedBefore(queue, at) {
          await ports.queues.setPurgedBefore(queue, at);
          world.main.clear();
        },
      },
    }),
  },
  {
    name: 'key-makes-no-id',
    breaks: 'the same key names the same task',
    ports: (ports) => ({
      ...ports,
      digest: (text) => ports.digest(text.includes('"key') ? `${text}${ports.newId()}` : text),
    }),
  },
  {
    name: 'stale-pause-wins',
    breaks: 'a pause that takes effect late does not undo the resume of after it',
    ports: (ports, { world }) => ({
      ...ports,
      queues: {
        ...ports.queues,
        async setPaused(queue, paused) {
          const { switches } = world.tables;
          await ports.queues.setPaused(queue, paused);
          world.tables.switches = switches;
        },
      },
    }),
  },
];

function breakMain(breakIt: (main: MessageQueue) => Partial<MessageQueue>): NonNullable<Mutant['ports']> {
  return (ports) => {
    const plain = ports.messages.main('default');
    const main = { ...plain, ...breakIt(plain) };
    return { ...ports, messages: { ...ports.messages, main: () => main } };
  };
}

/** A worker that deletes the message of a task around the write of its end, and not when that is counted. */
function deleteAround(when: 'before' | 'after'): NonNullable<Mutant['ports']> {
  return (ports: Ports, process: MutantHost) => {
    if (!process.name.startsWith('worker')) return ports;
    const main = ports.messages.main('default');
    const receipts = new Map<string, string>();
    const remember = (messages: readonly ReceivedMessage[]): readonly ReceivedMessage[] => {
      for (const { messageId, body, version, receipt } of messages) {
        receipts.set(taskIdOf(messageId, body, version), receipt);
      }
      return messages;
    };
    const broken = breakChanges(async (change, send) => {
      const receipt = ['succeed', 'fail', 'cancel'].includes(change.event)
        ? receipts.get(change.id)
        : undefined;
      if (receipt !== undefined && when === 'before') await main.delete([receipt]);
      const result = await send(change);
      if (receipt !== undefined && when === 'after') await main.delete([receipt]);
      return result;
    })(ports, process);
    const receive: MessageQueue['receive'] = async (...args) => remember(await main.receive(...args));
    return { ...broken, messages: { ...broken.messages, main: () => ({ ...main, receive }) } };
  };
}
