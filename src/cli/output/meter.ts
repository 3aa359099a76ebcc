import type { WriteStream } from 'node:tty';

/** Shows how far a long piece of work has come. */
export interface Meter {
  /** `total` undefined: nobody knows. `details`: numbers that go with it. */
  show(value: number, total: number | undefined, details: string): void;
  /** A line above the bar. */
  say(text: string): void;
  stop(): void;
}

/** Without a terminal: a line so often, in ms. */
const LINE_EVERY_MS = 5000;

/** A bar on a terminal, a plain line every few seconds elsewhere; `quiet` says nothing but the bar. */
export async function makeMeter(stream: WriteStream, quiet: boolean, clock: () => number): Promise<Meter> {
  if (stream.isTTY) return makeBar(stream);
  const say = (text: string) => {
    if (!quiet) stream.write(`${text}\n`);
  };
  let saidAt = clock();
  return {
    show(value, total, details) {
      if (clock() - saidAt < LINE_EVERY_MS) return;
      saidAt = clock();
      say(total === undefined ? details : `${percent(value, total)} % | ${details}`);
    },
    say,
    stop: () => undefined,
  };
}

async function makeBar(stream: WriteStream): Promise<Meter> {
  const { default: cliProgress } = await import('cli-progress');
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;
  return {
    show(value, total, details) {
      if (bar) {
        if (total !== undefined) bar.setTotal(total);
        bar.update(value, { details });
        return;
      }
      bar = new cliProgress.SingleBar(
        {
          format:
            total === undefined ? '{details}' : '{bar} {percentage} % | {details} | ETA {eta_formatted}',
          stream,
          barsize: 24,
          forceRedraw: true,
          gracefulExit: false, // Ctrl-C is the command's own business
        },
        cliProgress.Presets.shades_classic,
      );
      bar.start(total ?? 0, value, { details });
    },
    say: (text) => stream.write(`\r\u001b[2K${text}\n`),
    stop: () => bar?.stop(),
  };
}

function percent(value: number, total: number): number {
  return total === 0 ? 100 : Math.floor((100 * value) / total);
}
