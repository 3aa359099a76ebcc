import type { OutgoingMessage, ReceivedMessage } from '../../src/core/ports.ts';
import {
  BATCH_ENTRIES,
  COPY_FIRST_MS,
  MESSAGE_RETENTION_SECONDS,
  RESEND_AFTER_MS,
} from '../../src/core/limits.ts';
import type { QueueDefinition } from '../../src/core/queue-definition.ts';
import type { Dice } from './random.ts';
import { OUTSIDE, type VirtualTime } from './virtual-time.ts';
import { taskOf, type Message, type Poll } from './sim-message.ts';
import type { Suspect, Watch } from './watch.ts';
import type { Weather } from './weather.ts';

interface Waiter {
  readonly process: Suspect;
  readonly poll: Poll;
  readonly done: (messages: readonly ReceivedMessage[]) => void;
}

const HOUR_MS = 3_600_000;
/** Old for a worker that cannot run it; too old to be run without a copy. */
const AGES_MS = [RESEND_AFTER_MS + HOUR_MS, COPY_FIRST_MS + HOUR_MS];
const RETENTION_MS = MESSAGE_RETENTION_SECONDS * 1000;

/** Where a queue is. */
export interface QueueWorld {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly weather: Weather;
  readonly definition: QueueDefinition;
  readonly watch: Watch;
  /** True time, ms. */
  readonly now: number;
  count(fault: string, times?: number): void;
  tell(who: string, what: () => string): void;
}

/** One standard queue of SQS, as bad as it is allowed to be: see docs/testing.md. */
export class SimQueue {
  readonly name: string;
  readonly #world: QueueWorld;
  readonly #dead: SimQueue | undefined;
  #messages: Message[] = [];
  #waiters: Waiter[] = [];
  #doubles: Message[] = [];
  #ids = 0;
  #checkAt = Infinity;

  constructor(world: QueueWorld, name: string, dead?: SimQueue) {
    this.#world = world;
    this.name = name;
    this.#dead = dead;
  }

  get size(): number {
    return this.#messages.length;
  }

  get bodies(): readonly string[] {
    return this.#messages.map(({ out }) => out.body);
  }

  /** SQS has taken a message. @returns its id */
  accept(out: OutgoingMessage): string {
    const world = this.#world;
    const isAged = world.dice.chance(world.weather.aged);
    if (isAged) world.count('message of a week ago');
    const messageId = `${this.name}-m${(this.#ids += 1)}`;
    this.#messages.push({
      out,
      messageId,
      sentAt: Math.round(world.now - (isAged ? world.dice.pick(AGES_MS) : 0)),
      visibleAt: world.now + (out.delaySeconds ?? 0) * 1000,
      receipt: '',
      receives: 0,
      holder: undefined,
      isDoubled: false,
    });
    const task = taskOf({ out, messageId });
    world.watch.sent.set(task, (world.watch.sent.get(task) ?? 0) + 1);
    this.#serve();
    return messageId;
  }

  /** How old the oldest message is, in ms. */
  get oldestMs(): number {
    return this.#messages.reduce((oldest, { sentAt }) => Math.max(oldest, this.#world.now - sentAt), 0);
  }

  /** All messages are so much older from here on, but no older than the retention allows. */
  age(ms: number): void {
    const first = Math.round(this.#world.now - RETENTION_MS + HOUR_MS);
    for (const message of this.#messages) message.sentAt = Math.max(message.sentAt - ms, first);
  }

  /** Time passes until messages of this age are past the retention: those are gone. */
  forget(ms: number): void {
    const before = this.#world.now - ms;
    this.#messages = this.#messages.filter(({ sentAt }) => sentAt > before);
    this.age(RETENTION_MS - ms);
  }

  /** Empties the queue behind everyone's back. */
  clear(): void {
    this.#messages = [];
  }

  counts(): { visible: number; delayed: number; inFlight: number } {
    const hidden = this.#messages.filter(({ visibleAt }) => visibleAt > this.#world.now);
    const delayed = hidden.filter(({ receives }) => receives === 0).length;
    return { visible: this.#messages.length - hidden.length, delayed, inFlight: hidden.length - delayed };
  }

  /** A long poll: answered once there is something, or when its time is up. */
  poll(process: Suspect, poll: Poll): Promise<readonly ReceivedMessage[]> {
    const { time } = this.#world;
    return new Promise((done) => {
      const waiter: Waiter = { process, poll, done };
      this.#waiters.push(waiter);
      time.plan(time.now + poll.waitSeconds * 1000, OUTSIDE, () => {
        if (!this.#waiters.includes(waiter)) return;
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        done([]);
      });
      this.#serve();
    });
  }

  /** Answers long polls for which there is something now, and comes back when there will be. */
  #serve(): void {
    const world = this.#world;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.process.isDead) return false;
      const messages = this.#take(waiter.process, waiter.poll);
      if (messages.length > 0) waiter.done(messages);
      return messages.length === 0;
    });
    if (this.#waiters.length === 0) return;
    const next = this.#messages.reduce((at, { visibleAt }) => Math.min(at, visibleAt), Infinity);
    if (next === Infinity || (this.#checkAt > world.now && this.#checkAt <= next)) return;
    this.#checkAt = next;
    world.time.plan(world.time.now + Math.max(1, next - world.now), OUTSIDE, () => {
      this.#checkAt = Infinity;
      this.#serve();
    });
  }

  #take(process: Suspect, { max, visibilitySeconds }: Poll): ReceivedMessage[] {
    const { dice } = this.#world;
    this.#moveToDead();
    const visible = this.#messages.filter(({ visibleAt }) => visibleAt <= this.#world.now);
    for (const message of this.#doubles.splice(0)) {
      if (!this.#messages.includes(message) || visible.includes(message)) continue;
      message.isDoubled = true;
      visible.push(message);
      this.#world.count('duplicate delivery');
    }
    return dice
      .shuffle(visible)
      .slice(0, Math.min(max, BATCH_ENTRIES))
      .map((message) => this.#deliver(message, process, visibilitySeconds));
  }

  #deliver(message: Message, process: Suspect, visibilitySeconds?: number): ReceivedMessage {
    const world = this.#world;
    const { out, messageId, sentAt } = message;
    if (message.visibleAt <= world.now && message.receives === 1 && !message.isDoubled) {
      world.watch.redelivered(message.holder, taskOf(message));
    }
    message.receives += 1;
    message.receipt = `${messageId}/${message.receives}`;
    message.visibleAt = world.now + (visibilitySeconds ?? world.definition.leaseSeconds) * 1000;
    message.holder = process;
    world.tell(process.name, () => `receives ${message.receipt} ${out.body.slice(0, 100)}`);
    this.#planDouble(message);
    const { body, version, tenant } = out;
    return { messageId, receipt: message.receipt, body, version, sentAt, tenant };
  }

  /** Any message may be delivered again, at any time while it is in flight. */
  #planDouble(message: Message): void {
    const { time, dice, weather } = this.#world;
    if (!dice.chance(weather.duplicate)) return;
    time.plan(time.now + dice.between(0, 30_000), OUTSIDE, () => {
      this.#doubles.push(message);
      this.#serve();
    });
  }

  #moveToDead(): void {
    const dead = this.#dead;
    if (!dead) return;
    const isOverdue = (message: Message) =>
      message.visibleAt <= this.#world.now && message.receives >= this.#world.weather.maxReceives;
    const overdue = this.#messages.filter(isOverdue);
    if (overdue.length === 0) return;
    this.#world.count('move to the dead letters', overdue.length);
    this.#messages = this.#messages.filter((message) => !overdue.includes(message));
    // SQS keeps id and age of a message that it moves.
    dead.#messages.push(...overdue.map((message) => ({ ...message, receives: 0, holder: undefined })));
    dead.#serve();
  }

  /** An entry of a batch call fails on its own. */
  isFailing(): boolean {
    const { dice, weather } = this.#world;
    const fails = dice.chance(weather.partial);
    if (fails) this.#world.count('entry of a batch call fails');
    return fails;
  }

  delete(receipt: string): void {
    const { dice, weather } = this.#world;
    const message = this.#find(receipt);
    if (!message || this.isFailing()) return;
    if (message.receipt !== receipt) {
      // Received again since: SQS says yes, and may or may not have done it.
      this.#world.count('delete with a stale handle');
      if (dice.chance(0.5)) return;
    }
    this.#messages = this.#messages.filter((other) => other !== message);
    if (dice.chance(weather.ghost)) {
      this.#world.count('deleted message comes back');
      message.visibleAt = this.#world.now + dice.between(0, 20_000);
      message.isDoubled = true;
      this.#messages.push(message);
      this.#serve();
    }
  }

  setVisibility(receipt: string, seconds: number): void {
    const message = this.#find(receipt);
    if (!message) return;
    if (this.isFailing()) {
      if (message.holder) message.holder.troubledAt = this.#world.now;
      return;
    }
    if (message.receipt !== receipt) {
      this.#world.count('visibility with a stale handle');
      return;
    }
    message.visibleAt = this.#world.now + Math.ceil(seconds) * 1000;
    this.#serve();
  }

  #find(receipt: string): Message | undefined {
    const messageId = receipt.slice(0, receipt.lastIndexOf('/'));
    return this.#messages.find((message) => message.messageId === messageId);
  }
}
