import type { Section } from '../section.ts';
import { noops } from '../workload.ts';
import { measureDrains } from './drains.ts';

const SLOTS = 16;

export const handlers: Section = {
  name: 'handlers',
  title: `no-op handlers, ${SLOTS} at a time`,
  run: (context) => {
    const tasks = noops(context.options.handlers);
    return measureDrains(context, 'handlers', { kind: 'handler', slots: SLOTS, tasks });
  },
};
