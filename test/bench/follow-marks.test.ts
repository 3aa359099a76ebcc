import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followMarks } from '../../bench/peers/amqp-consume/follow-marks.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function touch(name: string, seconds: number, text = ''): void {
  writeFileSync(join(folder, name), text);
  utimesSync(join(folder, name), seconds, seconds);
}

test('nothing is done before a message has run', () => {
  expect(followMarks(folder).done()).toBe(0);
});

test('the first start is that of all tasks, or of those of the producer that came last', async () => {
  touch('first-20', 100);
  touch('first-7', 103);
  touch('ends', 105, '\n\n\n');
  expect(followMarks(folder).done()).toBe(3);
  const { firstStart, ends } = await followMarks(folder).times();
  expect([await firstStart(0), await firstStart(2)]).toEqual([100_000, 103_000]);
  expect(ends).toEqual([100_000, 105_000, 105_000]);
});
