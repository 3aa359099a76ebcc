import type { MessageQueue } from '../../src/core/ports.ts';
import { taskIdOf } from './mutant.ts';
import type { Mutant } from './world.ts';

/** Breaks of what keeps old messages from being forgotten. */
export const RENEWAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'nothing-is-renewed',
    breaks: 'messages of a queue that nobody receives are renewed before SQS forgets them',
    ports: (ports) => ({
      ...ports,
      queues: {
        ...ports.queues,
        readControl: async (queue) => ({
          ...(await ports.queues.readControl(queue)),
          renewal: { emptyAt: 0, lookAt: Infinity },
        }),
      },
    }),
  },
  {
    name: 'renewed-after-its-delete',
    breaks: 'the copy of an old message is sent before that is deleted',
    ports: (ports, process) => {
      if (!process.name.startsWith('minute')) return ports;
      const main = ports.messages.main('default');
      const receipts = new Map<string, string>();
      const broken: MessageQueue = {
        ...main,
        async receive(...args) {
          const messages = await main.receive(...args);
          for (const { receipt, messageId, body, version } of messages)
            receipts.set(taskIdOf(messageId, body, version), receipt);
          return messages;
        },
        async send(messages) {
          const old = messages.flatMap(
            ({ body, version }) => receipts.get(taskIdOf('', body, version)) ?? [],
          );
          await main.delete(old);
          await main.send(messages);
        },
      };
      return { ...ports, messages: { ...ports.messages, main: () => broken } };
    },
  },
];
