/** What of the peers' shared code Millrace's own producer uses, too. */
export type Payload = string | number;

export function readPayloads(kind: string, file: string): Payload[];

export function produce(
  how: string,
  payloads: readonly Payload[],
  periodMs: number,
  calls: { bulk(payloads: readonly Payload[]): Promise<void>; one(payload: Payload): Promise<unknown> },
): Promise<void>;
