import { limits } from '../limits/limits.ts';
import type { Section } from '../section.ts';
import { noops } from '../workload.ts';
import { measureDrains } from './drains.ts';

const SLOTS = 8;

export const commands: Section = {
  name: 'commands',
  title: `no-op commands, ${SLOTS} at a time, beside the limits: process starts without a queue`,
  run: async (context) => {
    const { tasks, starts } = context.options;
    const work = { kind: 'command' as const, slots: SLOTS, tasks: noops(tasks) };
    return measureDrains(context, 'commands', work, await limits(context, SLOTS, starts));
  },
};
