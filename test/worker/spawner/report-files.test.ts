import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/processes.ts';
import { ENV, eachWay, endRunners, runCommand, useRunner } from './use-runner.ts';

afterEach(endRunners);

eachWay(() => {
  describe('MILLRACE_RESULT', () => {
    it('is taken as JSON, whatever the exit', async () => {
      const { runner } = await useRunner();
      const write = (json: string) => runCommand(runner, `printf '%s' '${json}' > $MILLRACE_RESULT; exit 3`);
      expect(await write('{"a":[1,"ü",null]}')).toMatchObject({ exitCode: 3, result: { a: [1, 'ü', null] } });
      expect(await write('null')).toHaveProperty('result', null);
      expect(await write('false')).toHaveProperty('result', false);
    });

    it('is no error if it was not written', async () => {
      const { runner } = await useRunner();
      const end = await runCommand(runner, 'true');
      expect(end).not.toHaveProperty('result');
      expect(end).not.toHaveProperty('resultError');
    });

    it.each([
      ['no JSON', 'echo "{oops" > $MILLRACE_RESULT', /expected JSON/],
      ['empty', ': > $MILLRACE_RESULT', /an empty file/],
      ['not UTF-8', `printf '"\\377"' > $MILLRACE_RESULT`, /not UTF-8/],
      ['too large', 'head -c 1001 /dev/zero > $MILLRACE_RESULT', /at most 1000 bytes, got 1001/],
      ['huge', 'truncate -s 1T $MILLRACE_RESULT', /at most 1000 bytes/],
      ['nested too deep', 'printf "%0400d" 0 | tr 0 "[" > $MILLRACE_RESULT', /nested at most 200 deep/],
      ['a symbolic link', 'echo 1 > x; ln -s "$PWD/x" $MILLRACE_RESULT', /symbolic link/],
      ['a dangling link', 'ln -s /nowhere $MILLRACE_RESULT', /symbolic link/],
      ['a directory', 'mkdir $MILLRACE_RESULT; touch $MILLRACE_RESULT/x', /regular file/],
      ['a fifo', 'mkfifo $MILLRACE_RESULT', /regular file/],
    ])('that is %s is refused with its reason', async (_, command, reason) => {
      const { runner } = await useRunner({ resultBytes: 1000 });
      const end = await runCommand(runner, command);
      expect(end.exitCode).toBe(0);
      expect(end.resultError).toMatch(reason);
      expect(end).not.toHaveProperty('result');
    });
  });

  describe('MILLRACE_PROGRESS', () => {
    async function progressAfter(command: string) {
      const { runner } = await useRunner();
      const ready = Promise.withResolvers<void>();
      const run = runner.run({
        runId: 'a',
        program: { command: `${command}; echo ready; sleep 300` },
        env: ENV,
        onOutput: () => ready.resolve(),
      });
      await ready.promise;
      const progress = await run.progress();
      run.kill(0);
      await run.done;
      return { progress, later: await run.progress() };
    }

    it.each([
      ['one line', 'echo "40 half way" > $MILLRACE_PROGRESS', { percent: 40, message: 'half way' }],
      ['no message', 'echo 12.5 > $MILLRACE_PROGRESS', { percent: 12.5, message: '' }],
      ['several lines', 'printf "1 a\\n2 b\\n3 c" > $MILLRACE_PROGRESS', { percent: 3, message: 'c' }],
      [
        'a bad last line',
        'printf "7 good\\nrubbish\\n101 no\\n" > $MILLRACE_PROGRESS',
        { percent: 7, message: 'good' },
      ],
      ['a long file', 'seq -f "%g line" 0 0.01 99 > $MILLRACE_PROGRESS', { percent: 99, message: 'line' }],
      ['no file', 'true', undefined],
      ['a fifo', 'mkfifo $MILLRACE_PROGRESS', undefined],
      ['nothing valid', 'head -c 100000 /dev/zero > $MILLRACE_PROGRESS', undefined],
    ])('with %s', async (_, command, expected) => {
      expect(await progressAfter(command)).toEqual({ progress: expected, later: undefined });
    });

    it('follows the program', async () => {
      const { runner } = await useRunner();
      const command =
        'for i in 10 20 30; do echo "$i step" >> $MILLRACE_PROGRESS; sleep 0.1; done; sleep 300';
      const run = runner.run({ runId: 'a', program: { command }, env: ENV });
      const last = await until('the last step', async () => {
        const progress = await run.progress();
        return progress?.percent === 30 && progress;
      });
      expect(last).toEqual({ percent: 30, message: 'step' });
      run.kill(0);
      await run.done;
    });
  });
});
