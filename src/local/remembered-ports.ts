import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { PortWish } from './choose-port.ts';

const PREFERRED = { api: 7070, sqs: 7071, dynamodb: 7072 } as const;

const portsSchema = z.object({ api: z.int(), sqs: z.int(), dynamodb: z.int() });
export type Ports = z.infer<typeof portsSchema>;

/** Ports that somebody asked for; absent: the ones of the last start, if they are free. */
export type WantedPorts = { readonly [name in keyof Ports]?: number | undefined };

const FLAGS = { api: '--port', sqs: '--sqs-port', dynamodb: '--dynamodb-port' } as const;

/** A folder keeps its ports from start to start, so that addresses that were written down go on working. */
export async function portWishes(
  dataDir: string,
  wanted: WantedPorts,
): Promise<Record<keyof Ports, PortWish>> {
  const last = await readLast(dataDir);
  const wish = (name: keyof Ports): PortWish => {
    const explicit = wanted[name];
    return explicit === undefined ? { preferred: last[name] } : { explicit, setBy: FLAGS[name] };
  };
  return { api: wish('api'), sqs: wish('sqs'), dynamodb: wish('dynamodb') };
}

export async function rememberPorts(dataDir: string, ports: Ports): Promise<void> {
  await writeFile(portsPath(dataDir), `${JSON.stringify(ports)}\n`, { mode: 0o600 });
}

async function readLast(dataDir: string): Promise<Ports> {
  try {
    return portsSchema.parse(JSON.parse(await readFile(portsPath(dataDir), 'utf8')));
  } catch {
    return PREFERRED; // a first start, or a file that no longer says anything: only a preference is lost
  }
}

function portsPath(dataDir: string): string {
  return join(dataDir, 'ports.json');
}
