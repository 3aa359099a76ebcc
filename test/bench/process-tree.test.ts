import { existsSync } from 'node:fs';
import process from 'node:process';
import { afterEach, describe, expect, test } from 'vitest';
import { readTree } from '../../bench/process-tree.ts';
import { endAll, start, until } from '../support/processes.ts';

afterEach(endAll);

describe.runIf(existsSync('/proc/self/stat'))('what a process tree uses', () => {
  test('counts a child that has ended and one that lives, and their memory apart from the first', async () => {
    const burn = 'while (process.cpuUsage().user < 150_000);';
    const script = `${burn}" ; echo ended; exec cat`;
    const shell = start('/bin/sh', ['-c', `"$0" -e "${script}`, process.execPath]);
    await until('the child to end', () => shell.stdout().includes('ended'));
    const { cpuMs, rootMiB, childrenMiB } = readTree([shell.pid]);
    expect(cpuMs).toBeGreaterThanOrEqual(140); // of the child that has ended, in ticks of 10
    expect(rootMiB).toBeGreaterThan(0);
    expect(childrenMiB).toBe(0);

    // The living child ends when its STDIN does.
    const child = 'process.stdin.resume(); console.log(1)';
    const parent = start('/bin/sh', ['-c', `"$0" -e "${child}"; :`, process.execPath]);
    await until('the other child to start', () => parent.stdout().includes('1'));
    const tree = readTree([parent.pid]);
    expect(tree.childrenMiB).toBeGreaterThan(tree.rootMiB); // Node beside a shell
    parent.child.stdin?.end();
    await parent.exit;
  });

  test('fails when none of them lives', async () => {
    const gone = start('/bin/sh', ['-c', 'exit 0']);
    await gone.exit;
    expect(() => readTree([gone.pid])).toThrow(/none of the processes/);
  });
});
