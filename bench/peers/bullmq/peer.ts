import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installNodeProgram, NODE } from '../../install/node-program.ts';
import { installRedis, startRedis } from '../../servers/redis.ts';
import type { Peer } from '../../systems/peer.ts';

/** BullMQ on Redis: one worker process, `concurrency` for the slots. */
export const bullmq: Peer = {
  name: 'bullmq',
  kinds: ['command', 'handler'],
  share: 0.5,
  install: async () => {
    const redis = await installRedis();
    const cwd = await installNodeProgram('bullmq');
    const manifest = readFileSync(join(cwd, 'node_modules/bullmq/package.json'), 'utf8');
    return {
      versions: { bullmq: (JSON.parse(manifest) as { version: string }).version, Redis: redis },
      openServers: startRedis,
      produce: (how, kind, file, periodMs) => ({
        program: NODE,
        args: ['produce.mjs', how, kind, file, String(periodMs)],
        cwd,
      }),
      work: (kind, slots, folder) => ({
        program: NODE,
        args: ['worker.mjs', kind, String(slots), folder],
        cwd,
      }),
    };
  },
};
