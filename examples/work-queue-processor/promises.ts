import { under, type Promised } from '../example.ts';

const ran = (out: string) =>
  [...out.matchAll(/processor \d: exit (\d+), ran (\d+)/g)].map(([, code, tasks]) => ({
    code: Number(code),
    tasks: Number(tasks),
  }));

export const PROMISES: readonly Promised[] = [
  {
    says: 'the loader puts the strings "0" to "99" into the queue',
    holds: (out) => under(out, 'loader').includes('100 tasks accepted'),
  },
  {
    says: 'each of five processors does around a fifth of the work',
    holds: (out) => ran(out).length === 5 && ran(out).every(({ tasks }) => tasks >= 8 && tasks <= 40),
  },
  {
    says: 'all work is done once',
    holds: (out) =>
      ran(out).reduce((sum, { tasks }) => sum + tasks, 0) === 100 &&
      /work +100 +0 +0 +0 +0 +100 +0 +0/.test(under(out, 'nothing is left')),
  },
  {
    says: 'when the queue is empty, every processor quits with exit code 0',
    holds: (out) => ran(out).every(({ code }) => code === 0),
  },
];
