import { expect, test, vi } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { interleave, type Contender } from '../../bench/rounds.ts';

const told = { systems: [], home: '', skip() {}, version() {} };

/** @returns the order in which they were measured, the figures, what was said, and who failed */
async function measure(
  runs: number,
  contenders: Contender<'rate'>[],
  atMost?: number,
  stopping = new AbortController().signal,
) {
  const [order, failed, lines]: [string[], string[], string[]] = [[], [], []];
  const watched = contenders.map((contender) => ({
    ...contender,
    measure: () => {
      order.push(contender.who);
      return contender.measure();
    },
  }));
  const options = parseOptions(['--runs', String(runs)], { sections: [], peers: [] });
  const say = (line: string) => void lines.push(line);
  const context = { ...told, options, stopping, say, fail: (who: string) => void failed.push(who) };
  const figures = (await interleave(context, watched, atMost))('rate');
  return { order: order.join(''), figures, failed, lines };
}

const steady = (who: string, rounds?: number): Contender<'rate'> => ({
  who,
  ...(rounds !== undefined && { rounds }),
  measure: async () => ({ rate: 1 }),
});

test('every contender is measured once, then every one again, some less often', async () => {
  const { order, figures } = await measure(3, [steady('a'), steady('b', 1)]);
  expect(order).toBe('abaa');
  expect(figures).toEqual([
    { who: 'a', samples: [1, 1, 1] },
    { who: 'b', samples: [1] },
  ]);
});

test('a section may have fewer rounds than are wanted, and never has more', async () => {
  expect((await measure(5, [steady('a')], 3)).order).toBe('aaa');
  expect((await measure(1, [steady('a')], 3)).order).toBe('a');
});

test('who fails is left out from then on, by name', async () => {
  const broken: Contender<'rate'> = { who: 'b', measure: () => Promise.reject(new Error('broken')) };
  const { order, figures, failed } = await measure(2, [broken, steady('a')]);
  expect(order).toBe('baa');
  expect(figures.map(({ who }) => who)).toEqual(['a']);
  expect(failed).toEqual(['b']);
});

test('each round is told with as many digits as count', async () => {
  const exact: Contender<'rate'> = { who: 'a', measure: async () => ({ rate: 1234.5678 }) };
  expect((await measure(1, [exact])).lines).toEqual(['  1/1 a: rate 1235']);
});

test('nothing is begun once the run is to stop, and who was ended by that has not failed', async () => {
  const stop = new AbortController();
  const ended: Contender<'rate'> = {
    who: 'a',
    measure: () => {
      stop.abort('SIGINT');
      return Promise.reject(new Error('killed'));
    },
  };
  const next = vi.fn(async () => ({ rate: 1 }));
  const contenders = [ended, { who: 'b', measure: next }];
  await expect(measure(1, contenders, undefined, stop.signal)).rejects.toBe('SIGINT');
  expect(next).not.toHaveBeenCalled();
});
