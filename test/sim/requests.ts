import type { SimProcess } from './sim-process.ts';
import { OUTSIDE } from './virtual-time.ts';

/** What becomes of one request. */
type Fate =
  | 'ok'
  | 'throttled'
  | 'request lost'
  | 'answer lost'
  | 'takes effect late'
  | 'repeated after a lost answer'
  | 'a copy arrives late'
  | 'crash before'
  | 'crash after';

/** Requests whose loss matters most are hit more often; the chatter of an idle worker less. */
const HOT =
  /^(claim|takeOver|rerun|succeed|fail|cancel|restamp|redrive|retry|handBack|advance|close|replace|retire|send|mark|set)/;
const COLD = /^(control|report|receive|counts|workers|read)/;
const HEAT = { focus: 6, hot: 2, warm: 1, cold: 0.25 };
/** No client waits longer for an answer, and none is still on its way after so long: foldLedgers builds on that. */
const MAX_LATE_MS = 40_000;
/** The round trips from a claim to the answer of its first beat, and two such delays, still fit into the shortest lease. */
const SLOW_MS = 1000;

/**
 * One request of a process to SQS or DynamoDB: it takes effect at one instant, or not, or twice, or late; its
 * answer comes, or not. A request of a process that dies may still take effect.
 * @param effect what it does there, atomically
 */
export function request<T>(
  process: SimProcess,
  call: string,
  effect: () => T,
  about: (answer: T) => string = () => '',
): Promise<T> {
  const { world } = process;
  const { time, dice, weather } = world;
  return new Promise<T>((resolve, reject) => {
    if (process.isDead) return;
    const fate = drawFate(process, call);
    if (fate !== 'ok') world.count(fate);
    const latency = () => dice.between(1, weather.latencyMs);
    const apply = (): T => {
      const answer = effect();
      world.tell(process.name, () => `${call} ${about(answer)}${fate === 'ok' ? '' : `  (${fate})`}`);
      return answer;
    };
    const arrives = (at: number, then: (answer: T) => void) => {
      time.plan(at, OUTSIDE, () => {
        let answer: T;
        try {
          answer = apply();
        } catch (error) {
          time.plan(time.now + latency(), process, () => reject(toError(error)));
          return;
        }
        then(answer);
      });
    };
    const answerWith = (answer: T) => void time.plan(time.now + latency(), process, () => resolve(answer));
    const giveUp = (at: number) => {
      process.troubledAt = world.now;
      time.plan(at, process, () => {
        process.troubledAt = world.now;
        world.tell(process.name, () => `${call}: no answer  (${fate})`);
        reject(Object.assign(new Error(`${call}: ${fate}`), { name: 'TimeoutError' }));
      });
    };
    const arrival = time.now + latency();
    const timeout = arrival + dice.between(200, 6000);
    switch (fate) {
      case 'ok':
        return arrives(arrival, answerWith);
      case 'throttled':
        return giveUp(arrival);
      case 'request lost':
        return giveUp(timeout);
      case 'answer lost':
        arrives(arrival, () => {});
        return giveUp(timeout);
      case 'takes effect late':
        arrives(timeout + dice.between(0, dice.pick([1000, 10_000, MAX_LATE_MS])), () => {
          process.troubledAt = world.now;
        });
        return giveUp(timeout);
      case 'repeated after a lost answer': {
        arrives(arrival, () => {});
        const againMs = dice.between(100, 3000);
        return arrives(arrival + againMs, (answer) => {
          // Beats one after another that are so slow cost a short lease, though each is answered in the end.
          if (againMs > SLOW_MS) process.troubledAt = world.now;
          answerWith(answer);
        });
      }
      case 'a copy arrives late':
        arrives(arrival, answerWith);
        return arrives(arrival + dice.between(0, dice.pick([1000, 10_000, MAX_LATE_MS])), () => {
          process.troubledAt = world.now;
        });
      case 'crash before':
        return process.crash(`before ${call}`);
      case 'crash after':
        return arrives(arrival, () => process.crash(`after ${call}`));
    }
  });
}

function drawFate({ world, cutOffUntil }: SimProcess, call: string): Fate {
  const { dice, weather } = world;
  if (world.isCalm) return 'ok';
  if (cutOffUntil > world.now) return 'request lost';
  const isFocus = call.startsWith(weather.focus);
  const heat = isFocus ? HEAT.focus : HOT.test(call) ? HEAT.hot : COLD.test(call) ? HEAT.cold : HEAT.warm;
  let at = dice.next();
  const isBelow = (rate: number): boolean => (at -= rate * heat) < 0;
  if (isBelow(weather.loss)) return dice.pick(['request lost', 'answer lost', 'takes effect late'] as const);
  if (isBelow(weather.repeat))
    return dice.pick(['repeated after a lost answer', 'a copy arrives late'] as const);
  if (isBelow(weather.throttle)) return 'throttled';
  if (isBelow(weather.crash)) return dice.pick(['crash before', 'crash after'] as const);
  return 'ok';
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
