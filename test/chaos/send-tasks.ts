import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { MillraceError } from '../../src/client/millrace-client.ts';
import { QUEUE, type Arena } from './arena.ts';
import type { Book } from './book.ts';
import type { PlannedMessage, PlannedSingle } from './plan.ts';
import { toArgv, toCommand, toSpec } from './task-program.ts';

/** Sends single tasks through the API, each under a key: whatever gets lost, it is one task. */
export async function sendSingle(arena: Arena, book: Book, single: PlannedSingle): Promise<void> {
  const { task, again } = single;
  const spec = toSpec(arena.script, task.tag, task);
  const { id } = await arena.client.createTask(QUEUE, spec, task.tag);
  book.ids.set(task.tag, id);
  book.noteSent(task.tag, 1, 1);
  book.count('single task by key');
  if (again === 'same') {
    book.count('key sent again');
    const second = await arena.client.createTask(QUEUE, spec, task.tag);
    if (second.id !== id) book.violations.push(`G6 the key ${task.tag} is task ${id}, and ${second.id}`);
  } else if (again === 'other') {
    book.count('key sent again with other content');
    const code = await arena.client
      .createTask(QUEUE, { ...spec, maxAttempts: task.maxAttempts + 1 }, task.tag)
      .then(
        () => 'taken',
        (error: unknown) => {
          if (error instanceof MillraceError) return error.code;
          throw error;
        },
      );
    if (code !== 'content_conflict') {
      book.violations.push(`G6 the key ${task.tag} with other content: expected a conflict, got ${code}`);
    }
  }
}

/** Sends raw messages, straight to SQS. */
export class MessageSender {
  readonly #sqs: SQSClient;
  readonly #arena: Arena;
  readonly #book: Book;
  readonly #signal: AbortSignal;

  constructor(arena: Arena, book: Book, signal: AbortSignal) {
    const { endpoint, key } = arena.sqs;
    const credentials = { accessKeyId: key, secretAccessKey: key };
    // Repeats nothing by itself: each try that gets no answer may be a task.
    this.#sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    this.#arena = arena;
    this.#book = book;
    this.#signal = signal;
  }

  async send({ task, isJson, poison }: PlannedMessage): Promise<void> {
    const { script } = this.#arena;
    const plain = task && toCommand(toArgv(script, task.tag, task));
    const body =
      !task || plain === undefined ? poison : isJson ? JSON.stringify(toSpec(script, task.tag, task)) : plain;
    let tries = 0;
    for (;;) {
      tries += 1;
      try {
        const { MessageId: id = '' } = await this.#sqs.send(
          new SendMessageCommand({ QueueUrl: this.#arena.sqs.url, MessageBody: body }),
          { abortSignal: AbortSignal.any([this.#signal, AbortSignal.timeout(10_000)]) },
        );
        this.#note(task?.tag, id, tries);
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (this.#arena.isUp && tries > 20) throw error;
        await this.#arena.up();
        // It may also be that the stack is up and busy: not all at once again.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  close(): void {
    this.#sqs.destroy();
  }

  #note(tag: string | undefined, id: string, tries: number): void {
    this.#book.count(tag === undefined ? 'poisonous raw message' : 'raw message');
    if (tries > 1) this.#book.count('raw message sent again, no answer', tries - 1);
    if (tag !== undefined) {
      this.#book.noteSent(tag, 1, tries);
    } else {
      this.#book.poisonIds.add(id);
      this.#book.poisonLost += tries - 1;
    }
  }
}
