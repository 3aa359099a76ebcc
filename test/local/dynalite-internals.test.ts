import { expect, onTestFinished, test } from 'vitest';
import { ANY_PORT, listenOnLoopback } from '../../src/local/choose-port.ts';
import { makeDynalite } from '../../src/local/dynalite-internals.ts';
import { closeServer } from '../../src/local/guarded-server.ts';
import { makeTempDir } from './temp-dir.ts';

test('what is read of a database that is still opening is answered, and so is what comes behind it', async () => {
  const { server, store } = makeDynalite({ path: makeTempDir() });
  const read = () =>
    new Promise((resolve, reject) => {
      store.db.get('key', (error, value) => (error instanceof Error ? reject(error) : resolve({ value })));
    });
  expect(store.db.status).toBe('opening');
  const reads = [read(), read()];
  await listenOnLoopback(server, ANY_PORT); // a server that does not listen would keep its database open
  onTestFinished(() => closeServer(server));
  expect(await Promise.all(reads)).toEqual([{ value: undefined }, { value: undefined }]);
});
