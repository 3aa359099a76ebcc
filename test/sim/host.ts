import type { Claimant, Ending } from '../../src/core/claimant.ts';
import { settleGraceMs } from '../../src/core/limits.ts';
import { Settler } from '../../src/core/settle.ts';
import { groupChanges } from '../../src/worker/group-changes.ts';
import { SimProcess } from './sim-process.ts';
import { makeSimPorts } from './sim-ports.ts';
import { OUTSIDE } from './virtual-time.ts';
import type { World } from './world.ts';

/** A process with its ports and its settler: what a use case is called with. */
export interface Host {
  readonly process: SimProcess;
  readonly ending: Ending & Claimant;
}

export function startHost(world: World, kind: string): Host {
  const process = new SimProcess(world, kind);
  const plainPorts = makeSimPorts(process);
  const ports = { ...plainPorts, tasks: groupChanges(plainPorts.tasks) };
  const { definition } = world;
  const settlerOfOurs = new Settler(ports, definition.name, settleGraceMs(definition.leaseSeconds * 1000));
  const settler = world.mutant?.settler?.(settlerOfOurs, process) ?? settlerOfOurs;
  return { process, ending: { ports, settler, definition, worker: process.name } };
}

/**
 * Keeps a process of this kind running: a new one comes a while after the last has died.
 * @param main its work; it starts in the context of the new process
 */
export function keepRunning(
  world: World,
  kind: string,
  main: (host: Host) => Promise<unknown>,
  isWanted: () => boolean = () => true,
): { readonly host: Host | undefined } {
  const slot: { host: Host | undefined } = { host: undefined };
  const start = (): void => {
    if (!isWanted()) return;
    const host = startHost(world, kind);
    slot.host = host;
    host.process.onDeath(() => {
      slot.host = undefined;
      world.time.plan(world.time.now + world.dice.between(100, 5000), OUTSIDE, start);
    });
    world.time.plan(world.time.now, host.process, () => {
      void main(host).then(() => host.process.exit());
    });
  };
  start();
  return slot;
}

/** Virtual time passes for whoever asks. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
