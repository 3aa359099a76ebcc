import { join } from 'node:path';
import { installed, mustRun } from '../../install/cache-folder.ts';
import { makeVenv } from '../../../test/support/python-tools.ts';
import { installRedis, startRedis } from '../../servers/redis.ts';
import type { Peer } from '../../systems/peer.ts';

const HERE = import.meta.dirname;
const FILES = ['requirements.txt', 'tasks.py', 'produce.py'];

/** Celery on Redis, results kept there: processes that are forked beforehand, as many as slots. */
export const celery: Peer = {
  name: 'celery',
  kinds: ['command', 'handler'],
  share: 0.2,
  install: async () => {
    const redis = await installRedis();
    const files = Object.fromEntries(FILES.map((file) => [file, join(HERE, file)]));
    const cwd = await installed('celery', files, async (folder) => {
      await makeVenv(join(folder, 'venv'), ['-r', join(folder, 'requirements.txt')]);
    });
    const python = join(cwd, 'venv/bin/python');
    const said = await mustRun(python, ['-c', 'import sys, celery; print(celery.__version__, sys.version)']);
    const [version = '', pythonVersion = ''] = said.split(' ');
    return {
      versions: { celery: version, Python: pythonVersion, Redis: redis },
      openServers: startRedis,
      produce: (how, kind, file, periodMs) => ({
        program: python,
        args: ['produce.py', how, kind, file, String(periodMs)],
        cwd,
      }),
      work: (_kind, slots, folder, tasks) => ({
        program: python,
        args: [
          ...[
            '-m',
            'celery',
            '--app',
            'tasks',
            'worker',
            '--pool',
            'prefork',
            '--concurrency',
            String(slots),
          ],
          ...['--loglevel', 'WARNING', '--without-gossip', '--without-mingle', '-O', 'fair'],
        ],
        cwd,
        // Its manual's advice: fetch ahead for short tasks, one at a time for long ones.
        env: { BENCH_FOLDER: folder, BENCH_PREFETCH: tasks.some(({ ms }) => ms > 0) ? '1' : '4' },
      }),
    };
  },
};
