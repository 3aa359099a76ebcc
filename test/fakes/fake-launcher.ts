import type { OrderResult, WorkerLauncher, WorkerOrder } from '../../src/core/worker-launcher.ts';

/** What the service does with an order, before its answer is on its way. */
export type Service = (order: WorkerOrder) => OrderResult | undefined;

/** A container service in memory, which remembers tokens as ECS does, and lists workers only when told to. */
export class FakeLauncher implements WorkerLauncher {
  readonly orders: WorkerOrder[] = [];
  readonly workers: { id: string; queue: string; isListed: boolean }[] = [];
  /** Decides what an order that is no repetition comes to; undefined: all of it is started. */
  service: Service = () => undefined;
  /** Called when an order has taken effect, before it is answered. */
  beforeAnswer: (order: WorkerOrder) => void | Promise<void> = () => {};
  readonly #answers = new Map<string, OrderResult>();

  async running(queue: string, recent: readonly string[]): Promise<number> {
    return this.workers.filter(
      (worker) => worker.queue === queue && (worker.isListed || recent.includes(worker.id)),
    ).length;
  }

  async start(order: WorkerOrder): Promise<OrderResult> {
    this.orders.push(order);
    const answer = this.#answers.get(order.clientToken) ?? this.#carryOut(order);
    await this.beforeAnswer(order);
    return answer;
  }

  /** The service's list has caught up. */
  listAll(): void {
    for (const worker of this.workers) worker.isListed = true;
  }

  #carryOut(order: WorkerOrder): OrderResult {
    const answer = this.service(order) ?? { started: this.#start(order, order.count), failures: [] };
    if (answer.started.length > 0) this.#answers.set(order.clientToken, answer);
    return answer;
  }

  #start({ queue }: WorkerOrder, count: number): string[] {
    const ids = Array.from({ length: count }, (_, index) => `worker-${this.workers.length + index}`);
    this.workers.push(...ids.map((id) => ({ id, queue, isListed: false })));
    return ids;
  }

  /** So many of an order are started, the others fail for this reason. */
  partly(order: WorkerOrder, count: number, reason: string): OrderResult {
    return { started: this.#start(order, count), failures: [{ reason }] };
  }
}
