import { PEERS } from '../peers/all-peers.ts';
import type { Context, Section } from '../section.ts';
import { millrace } from './millrace.ts';
import { makePeerSystem } from './peer.ts';
import type { System } from './system.ts';

/** Millrace, and the peers that are wanted and can be installed here; none where no section has them take part. */
export async function openSystems(
  { options, stopping, say, skip, version }: Omit<Context, 'systems'>,
  sections: readonly Pick<Section, 'isAlone'>[],
): Promise<System[]> {
  const systems: System[] = [millrace];
  if (sections.every(({ isAlone }) => isAlone)) return systems;
  for (const [name, ways] of Object.entries(PEERS)) {
    if (options.peers !== 'all' && !options.peers.includes(name)) continue;
    stopping.throwIfAborted();
    try {
      say(`installing ${name}`);
      for (const way of ways) {
        const installed = await way.install();
        for (const [what, number] of Object.entries(installed.versions)) version(what, number);
        systems.push(makePeerSystem(way, installed));
      }
    } catch (error) {
      stopping.throwIfAborted();
      skip(name, error instanceof Error ? error.message : String(error));
    }
  }
  return systems;
}
