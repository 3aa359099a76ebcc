import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { endAll } from '../support/processes.ts';
import { StackUser } from '../support/stack-user.ts';

interface Batch {
  readonly id: string;
  readonly accepted: number;
  readonly refused: readonly { readonly line: number }[];
}

describe('a batch on a deployed stack', () => {
  const deployed = inject('deployed');
  let user: StackUser;

  beforeAll(async () => {
    user = await StackUser.open(deployed);
  });
  afterEach(endAll);
  afterAll(() => user?.close());

  test('takes a command a line and counts every end exactly', async () => {
    const lines = Array.from({ length: 45 }, (_, i) => (i % 9 === 0 ? 'exit 1' : `echo ${i}`));
    const answer = await user.send('/v1/queues/batches/batches', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: lines.join('\n'),
    });
    const batch = answer.json<Batch>();
    expect(batch, answer.text).toMatchObject({ accepted: 45, refused: [] });
    await user.work('batches');
    expect((await user.send(`/v1/batches/${batch.id}`)).json()).toMatchObject({
      total: 45,
      pending: 0,
      running: 0,
      succeeded: 40,
      failed: 5,
      cancelled: 0,
    });
  });

  test('takes the good lines when there are bad ones', async () => {
    const answer = await user.send('/v1/queues/batches/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: '{"command":"true"}\n{"command":\n{"argv":["true"]}\n',
    });
    expect(answer.json<Batch>(), answer.text).toMatchObject({ accepted: 2, refused: [{ line: 2 }] });
    await user.work('batches');
  });

  test('is loaded from a file by the command line', async () => {
    const file = join(user.home, 'commands.txt');
    await writeFile(file, Array.from({ length: 1200 }, (_, i) => `echo ${i}`).join('\n'));
    const loaded = await user.cli('load', 'batches', file, '--json');
    expect(loaded.code, loaded.stderr).toBe(0);
    expect(JSON.parse(loaded.stdout)).toMatchObject({ accepted: 1200 });
    const before = (await user.send('/v1/queues/batches')).json<{ total: number }>();
    await user.work('batches', 'until-empty', '--slots', '16');
    const after = (await user.send('/v1/queues/batches')).json();
    expect(after).toMatchObject({ total: before.total, pending: 0, running: 0 });
  });
});
