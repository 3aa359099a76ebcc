import { problem, type Received, type Reply } from '../client/scripted-server.ts';

/** What the API does with the chunks of batches, as far as a client can see it. */
export class BatchApi {
  readonly chunks = new Map<number, Buffer>();
  batch: string | undefined;
  /** Shown as ended when the batch is read. */
  ended = { succeeded: 0, failed: 0 };

  /** The whole input as it arrived, in the order of its chunks. */
  get text(): string {
    return [...this.chunks.keys()]
      .sort((a, b) => a - b)
      .map((chunk) => this.chunks.get(chunk)?.toString())
      .join('');
  }

  answer(request: Received): Reply {
    if (request.method === 'GET') {
      if (request.path.split('/').at(-1) !== this.batch) return problem(404, 'unknown_batch');
      return { json: this.#progress() };
    }
    const chunk = Number(request.query.get('chunk'));
    const batch = request.query.get('batch') ?? '';
    const lines = request.body.toString().split('\n');
    const refused = lines.flatMap((text, at) =>
      text.startsWith('bad') ? [{ line: at + 1, code: 'invalid_task', detail: text }] : [],
    );
    const accepted = lines.filter((text) => text.trim() !== '').length - refused.length;
    if (accepted === 0) return problem(400, 'invalid_batch', { refused });
    const before = this.chunks.get(chunk);
    if ((before && !before.equals(request.body)) || (this.batch ?? batch) !== batch)
      return problem(409, 'content_conflict');
    this.batch = batch;
    this.chunks.set(chunk, request.body);
    return { status: 201, json: { ...this.#progress(), accepted, refused } };
  }

  #progress() {
    const total = this.text
      .split('\n')
      .filter((text) => text.trim() !== '' && !text.startsWith('bad')).length;
    const { succeeded, failed } = this.ended;
    const counts = { pending: total - succeeded - failed, running: 0, succeeded, failed, cancelled: 0 };
    return { id: this.batch, queue: 'default', total, ...counts };
  }
}
