import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** A command as files of them have it. */
export function commandNumber(number: number): string {
  return `echo task number ${number}`;
}

/** Writes a file of so many commands, a line each. */
export async function writeCommands(path: string, lines: number): Promise<void> {
  const file = createWriteStream(path);
  for (let number = 0; number < lines; number += 1000) {
    const some = Array.from({ length: Math.min(1000, lines - number) }, (_, at) =>
      commandNumber(number + at),
    );
    if (!file.write(`${some.join('\n')}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}
