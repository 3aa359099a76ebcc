import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, mustRun } from '../../install/cache-folder.ts';
import { installRedis, startRedis } from '../../servers/redis.ts';
import type { Peer } from '../../systems/peer.ts';

const HERE = import.meta.dirname;
const FILES = ['go.mod', 'go.sum', 'main.go'];

/** asynq on Redis, in Go: `Concurrency` for the slots. */
export const asynq: Peer = {
  name: 'asynq',
  kinds: ['command', 'handler'],
  install: async () => {
    const go = await mustRun('go', ['env', 'GOVERSION']).catch(() => {
      throw new Error('there is no `go` on the PATH');
    });
    const redis = await installRedis();
    const files = Object.fromEntries(FILES.map((file) => [file, join(HERE, file)]));
    const cwd = await installed('asynq', files, async (folder) => {
      // With the Go that there is: none is fetched for the sake of a newer version in go.mod.
      await mustRun('env', ['GOTOOLCHAIN=local', 'go', 'build', '-o', 'bench', '.'], { cwd: folder });
    });
    const program = join(cwd, 'bench');
    const version = /asynq v([\d.]+)/.exec(await readFile(join(cwd, 'go.mod'), 'utf8'))?.[1] ?? 'unknown';
    return {
      versions: { asynq: version, Go: go.trim(), Redis: redis },
      openServers: startRedis,
      produce: (how, kind, file, periodMs) => ({
        program,
        args: ['produce', how, kind, file, String(periodMs)],
        cwd,
      }),
      work: (kind, slots, folder) => ({ program, args: ['worker', kind, String(slots), folder], cwd }),
    };
  },
};
