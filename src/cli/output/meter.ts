import type { WriteStream } from 'node:tty';

/** Shows how far a long piece of work has come. */
export interface Meter {
  /** `total` undefined: nobody knows. `details`: numbers that go with it. */
  show(value: number, total: number | undefined, details: string): void;
  /** A line above the bar. */
  say(text: string): void;
  stop(): void;
}

/** Without a terminal: a line so often, in ms, and one that says nothing new seldom. */
const LINE_EVERY_MS = 5000;
const SAME_LINE_EVERY_MS = 60_000;

/** A bar on a terminal, a plain line every few seconds elsewhere; `quiet` says nothing but the bar. */
export async function makeMeter(stream: WriteStream, quiet: boolean, clock: () => number): Promise<Meter> {
  if (stream.isTTY) return makeBar(stream);
  const say = (text: string) => {
    if (!quiet) stream.write(`${text}\n`);
  };
  let saidAt = clock();
  let said = '';
  return {
    show(value, total, details) {
      const line = total === undefined ? details : `${percent(value, total)} % | ${details}`;
      if (clock() - saidAt < (line === said ? SAME_LINE_EVERY_MS : LINE_EVERY_MS)) return;
      saidAt = clock();
      said = line;
      say(line);
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
          barsize: 20,
          forceRedraw: true,
          formatTime: timeText,
          gracefulExit: false, // Ctrl-C is the command's own business
        },
        cliProgress.Presets.shades_classic,
      );
      bar.start(total ?? 0, value, { details });
    },
    // The bar has lines cut off at the terminal's edge (DECAWM), which a sentence must not be. It goes back to where it
    // began when it stops (DECSC, DECRC): that is now further down.
    say: (text) =>
      stream.write(bar ? `\r\u001b[2K\u001b[?7h${text}\n\u001b[?7l\u001b7` : `\r\u001b[2K${text}\n`),
    stop: () => bar?.stop(),
  };
}

/** 75 → "1m15s". */
function timeText(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${minutes}m`;
  return minutes > 0 ? `${minutes}m${whole % 60}s` : `${whole}s`;
}

function percent(value: number, total: number): number {
  return total === 0 ? 100 : Math.floor((100 * value) / total);
}
