import type { Section } from '../section.ts';
import { apiFunction } from './function.ts';
import { bulk } from './bulk.ts';
import { calls } from './calls.ts';
import { commands } from './commands.ts';
import { handlers } from './handlers.ts';
import { load } from './load.ts';
import { mixCommands, mixHandlers } from './mix.ts';
import { pickup } from './pickup.ts';
import { starts } from './starts.ts';
import { workerCpu } from './worker-cpu.ts';

/** In the order in which they run and are shown. */
export const SECTIONS: readonly Section[] = [
  commands,
  handlers,
  mixCommands,
  mixHandlers,
  pickup,
  bulk,
  load,
  starts,
  calls,
  workerCpu,
  apiFunction,
];
