import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorker } from '../../worker-image/bundle-worker.ts';
import { PROGRAMS, SUPERVISOR } from '../../worker-image/users.ts';
import { cleanEnv, LocalStack } from '../support/local-stack.ts';
import { endAll, processesWith, start, until } from '../support/processes.ts';

const isRoot = process.getuid?.() === 0;
const title = isRoot
  ? 'the container’s worker'
  : 'the container’s worker (SKIPPED: changing users needs root; run this test in CI’s container)';

const DEFINITION = {
  name: 'default',
  leaseSeconds: 6,
  graceSeconds: 2,
  slots: 2,
  environment: { GREETING: 'hello' },
  secretNames: ['API_TOKEN'],
};
/** What the Dockerfile says that the container needs: no other right of root may be relied on. */
const CAPABILITIES = ['chown', 'dac_override', 'kill', 'setgid', 'setuid'];
const SECRET = 'tok-"1234567890"';

interface Task {
  state: string;
  stdout?: string;
  stderr?: string;
  result?: unknown;
}

/** The worker as the image has it, but for the image: bundled, started as root, on a local stack. */
describe.skipIf(!isRoot)(title, () => {
  let stack: LocalStack;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-run-as-'));
    chmodSync(folder, 0o755); // as /opt and /scratch are in the image
    bundleWorker(join(folder, 'bundle'), join(import.meta.dirname, '../fixtures/contained-tasks'));
    stack = await LocalStack.start(['--workers', '0']);
  });
  afterAll(async () => {
    await endAll();
    await stack?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const startWorker = (...args: string[]) => {
    const key = new URL(stack.ready.api).password;
    const bounded = ['--bounding-set', `-all,${CAPABILITIES.map((name) => `+${name}`).join(',')}`];
    const worker = [process.execPath, join(folder, 'bundle/worker.js'), 'default', ...args];
    return start('setpriv', [...bounded, ...worker], {
      cwd: '/',
      env: {
        ...cleanEnv(stack.data),
        AWS_ENDPOINT_URL_SQS: stack.ready.sqs,
        AWS_ENDPOINT_URL_DYNAMODB: stack.ready.dynamodb,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: key,
        AWS_SECRET_ACCESS_KEY: key,
        ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/0123456789abcdef0123456789abcdef-1',
        MILLRACE_TABLE: 'millrace',
        MILLRACE_QUEUES: JSON.stringify([DEFINITION]),
        MILLRACE_SCRATCH: join(folder, 'scratch'),
        API_TOKEN: SECRET,
        OF_NO_CONCERN: 'to programs',
      },
    });
  };
  const enqueue = async (command: string): Promise<string> => {
    const { id } = await stack.json<{ id: string }>(['create', 'default', command]);
    return id;
  };
  const ended = async (id: string): Promise<Task> => {
    await stack.cli(['wait', id]);
    return stack.json<Task>(['status', id]);
  };
  const uidsOf = (pid: string | number) =>
    /^Uid:\s+(.*)$/m
      .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      ?.split('\t')
      .map(Number);

  const spawnerOf = (worker: number): number => {
    const isChild = (pid: number) =>
      readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${worker}\n`);
    const [spawner] = processesWith('spawner-main.js').filter(isChild);
    if (spawner === undefined) throw new Error('expected the worker to have a spawner');
    return spawner;
  };

  it('runs spawner, supervisor and programs as three users, none with the groups of root', async () => {
    const id = await enqueue('id -u; id -G; echo $PPID; cat /proc/$PPID/status | grep PPid; sleep 2');
    const worker = startWorker('until-empty');
    const [supervisor] = await until('the supervisor to give up root', () =>
      uidsOf(worker.pid)?.[0] === SUPERVISOR.uid ? [uidsOf(worker.pid)] : undefined,
    );
    expect(supervisor).toEqual(Array.from({ length: 4 }, () => SUPERVISOR.uid));
    expect(readFileSync(`/proc/${worker.pid}/status`, 'utf8')).toMatch(/^Groups:\s*$/m);
    expect(readFileSync(`/proc/${worker.pid}/status`, 'utf8')).toMatch(/^CapEff:\s*0+$/m);
    const spawner = spawnerOf(worker.pid);
    expect(uidsOf(spawner)).toEqual([0, 0, 0, 0]);
    const { stdout = '', state } = await ended(id);
    expect(state).toBe('SUCCEEDED');
    const [uid, groups, parent, grandParent] = stdout.split('\n');
    expect([uid, groups]).toEqual([String(PROGRAMS.uid), String(PROGRAMS.gid)]);
    expect(parent).toBe(String(spawner));
    expect(grandParent).toMatch(new RegExp(`PPid:\\s+${worker.pid}$`));
    expect(await worker.exit).toBe(0);
  });

  it('lets no program read the environment or the memory of the two, or signal them', async () => {
    const supervisor = '$(sed -n "s/^PPid:\\t//p" /proc/$PPID/status)';
    const id = await enqueue(
      `for pid in $PPID ${supervisor}; do echo $pid; for file in environ mem maps; do ` +
        'head -c 1 /proc/$pid/$file >/dev/null 2>&1 && echo "read $file of $pid"; done; ' +
        'kill -0 $pid 2>/dev/null && echo "may signal $pid"; done; true',
    );
    const worker = startWorker('until-empty');
    const { state, stdout } = await ended(id);
    expect(state).toBe('SUCCEEDED');
    expect(stdout?.split('\n')).toEqual([expect.stringMatching(/^\d+$/), String(worker.pid), '']);
    expect(await worker.exit).toBe(0);
  });

  it('gives programs what the queue’s definition says, and nothing else of its environment', async () => {
    const id = await enqueue('env | cut -d= -f1 | sort | tr "\\n" " "; echo; echo $GREETING; echo $HOME');
    const worker = startWorker('until-empty');
    const { stdout = '' } = await ended(id);
    const [names = '', greeting, home = ''] = stdout.split('\n');
    expect(
      names
        .trim()
        .split(' ')
        .filter((name) => name !== '_'),
    ).toEqual(
      [
        'API_TOKEN',
        'GREETING',
        'HOME',
        'LANG',
        'MILLRACE_ATTEMPT',
        'MILLRACE_PROGRESS',
        'MILLRACE_QUEUE',
        'MILLRACE_RESULT',
        'MILLRACE_TASK_ID',
        'PATH',
        'PWD',
        'TMPDIR',
        ...(process.env['TZ'] ? ['TZ'] : []),
        ...(process.env['LC_ALL'] ? ['LC_ALL'] : []),
      ].sort(),
    );
    expect(greeting).toBe('hello');
    expect(home).toContain(join(folder, 'scratch'));
    await worker.exit;
  });

  it('runs handlers as the programs’ user, with what programs see, and nobody else enters the folder of their sockets', async () => {
    const answer = await stack.fetch('/v1/queues/default/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ handler: 'look' }),
    });
    const { id } = (await answer.json()) as { id: string };
    const worker = startWorker('until-empty');
    const { state, result } = await ended(id);
    expect(state).toBe('SUCCEEDED');
    const seen = result as { uid: number; names: string[]; readable: string[]; greeting: string };
    expect(seen).toMatchObject({ uid: PROGRAMS.uid, greeting: 'hello', readable: [] });
    expect(seen.names).toEqual(expect.arrayContaining(['API_TOKEN', 'GREETING', 'MILLRACE_TASK_ID']));
    expect(seen.names.filter((name) => /^(AWS|ECS)_|OF_NO_CONCERN/.test(name))).toEqual([]);
    expect(await worker.exit).toBe(0);
  });

  it('keeps secrets out of rows and logs', async () => {
    const id = await enqueue(
      'echo "token: $API_TOKEN"; echo "$API_TOKEN" >&2; ' +
        `node -e 'require("fs").writeFileSync(process.env.MILLRACE_RESULT, JSON.stringify({[process.env.API_TOKEN]: [process.env.API_TOKEN]}))' || true; ` +
        '[ -s "$MILLRACE_RESULT" ]',
    );
    const worker = startWorker('until-empty');
    expect(await ended(id)).toMatchObject({
      state: 'SUCCEEDED',
      stdout: 'token: [API_TOKEN]\n',
      stderr: '[API_TOKEN]\n',
      result: { '[API_TOKEN]': ['[API_TOKEN]'] },
    });
    await worker.exit;
    expect(worker.stdout()).toContain('token: [API_TOKEN]');
    expect(worker.stdout()).not.toContain('1234567890');
  });

  it('kills programs of the other user on a timeout, those included that left their group', async () => {
    const marker = `30${process.pid}`; // seconds that no other process sleeps
    const id = await stack.json<{ id: string }>([
      'create',
      'default',
      '--timeout',
      '1',
      '--max-attempts',
      '1',
      `setsid sleep ${marker} & sleep ${marker}`,
    ]);
    const worker = startWorker('until-empty');
    expect(await ended(id.id)).toMatchObject({ state: 'FAILED', reason: 'timeout' });
    expect(processesWith(marker)).toEqual([]);
    await worker.exit;
  });

  it('takes its programs with it when it is killed', async () => {
    const marker = `31${process.pid}`; // seconds that no other process sleeps
    const id = await enqueue(`sleep ${marker}`);
    const worker = startWorker('until-empty');
    await until('the program to run', () =>
      processesWith(marker).some((pid) => uidsOf(pid)?.[0] === PROGRAMS.uid),
    );
    worker.child.kill('SIGKILL');
    await until('its programs to be gone', () => processesWith(marker).length === 0, 5000);
    await stack.cli(['cancel', id]);
  });

  it('ends at once, for its container to end, when its spawner dies', async () => {
    const marker = `32${process.pid}`; // seconds that no other process sleeps
    const id = await enqueue(`sleep ${marker}`);
    const worker = startWorker('until-empty');
    const [program] = await until('the program to run', () => {
      const found = processesWith(marker).filter((pid) => uidsOf(pid)?.[0] === PROGRAMS.uid);
      return found.length > 0 && found;
    });
    process.kill(spawnerOf(worker.pid), 'SIGKILL');
    expect(await worker.exit).toBe(70);
    expect(worker.stdout()).toContain('this container ends');
    process.kill(-program!, 'SIGKILL'); // the end of its container would have done so
    await stack.cli(['cancel', id]);
  });

  it('names itself after its task of ECS, and says in one line why it cannot start', async () => {
    const worker = startWorker('sometimes');
    expect(await worker.exit).toBe(1);
    const line = JSON.parse(worker.stdout()) as { msg: string };
    expect(line.msg).toContain('expected a mode');
    const id = await enqueue('true');
    const other = startWorker('once');
    expect(await ended(id)).toMatchObject({ worker: '0123456789abcdef0123456789abcdef' });
    expect(await other.exit).toBe(0);
  });
});
