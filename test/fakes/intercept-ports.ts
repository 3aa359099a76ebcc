import type { MessageQueue, Ports } from '../../src/core/ports.ts';

/** One call of a port, as in `tasks.change` or `main.send`. */
export interface PortCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Sees every call: may run it never, once or twice, before or after a failure of its own. */
export type Intercept = (call: PortCall, run: () => Promise<unknown>) => Promise<unknown>;

/** The same ports, with every asynchronous call going through `intercept`. */
export function interceptPorts(ports: Ports, intercept: Intercept): Ports {
  const wrap = <P extends object>(port: P, prefix: string): P =>
    new Proxy(port, {
      get(target, property, receiver) {
        const method: unknown = Reflect.get(target, property, receiver);
        if (typeof method !== 'function') return method;
        const call = method as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) =>
          intercept({ name: `${prefix}.${String(property)}`, args }, () => call.apply(target, args));
      },
    });
  const wrapQueue = (of: (queue: string) => MessageQueue, prefix: string) => (queue: string) =>
    wrap(of(queue), prefix);
  return {
    ...ports,
    tasks: wrap(ports.tasks, 'tasks'),
    ledgers: wrap(ports.ledgers, 'ledgers'),
    batches: wrap(ports.batches, 'batches'),
    queues: wrap(ports.queues, 'queues'),
    catalog: wrap(ports.catalog, 'catalog'),
    ...(ports.scheduler && { scheduler: wrap(ports.scheduler, 'scheduler') }),
    messages: {
      main: wrapQueue((queue) => ports.messages.main(queue), 'main'),
      dead: wrapQueue((queue) => ports.messages.dead(queue), 'dead'),
    },
  };
}

/** `before`: the request was never carried out. `after`: it was, and its answer was lost. */
export type Fault = 'before' | 'after';

/** Lets calls fail by order: the next calls of a name meet the faults planned for it, one each. */
export class FaultPlan {
  readonly #faults = new Map<string, (Fault | 'none')[]>();
  readonly calls: PortCall[] = [];

  /** @param faults `none` lets a call pass */
  plan(name: string, ...faults: (Fault | 'none')[]): this {
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), ...faults]);
    return this;
  }

  readonly intercept: Intercept = async (call, run) => {
    this.calls.push(call);
    const fault = this.#faults.get(call.name)?.shift() ?? 'none';
    if (fault === 'before') throw lost(call.name);
    const answer = await run();
    if (fault === 'after') throw lost(call.name);
    return answer;
  };
}

function lost(name: string): Error {
  return Object.assign(new Error(`${name}: no answer`), { name: 'TimeoutError' });
}
