import type { Log } from '../src/core/ports.ts';

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/**
 * A log in JSON, a line an entry, as workers write it with pino; that is CommonJS, which a bundle of modules does
 * not load.
 */
export function makeFunctionLog(write: (line: string) => void, level: string = 'info'): Log {
  const least = LEVELS[level as keyof typeof LEVELS] ?? LEVELS.info;
  const at = (name: keyof typeof LEVELS) => (fields: object, message: string) => {
    if (LEVELS[name] < least) return;
    const entry = { level: LEVELS[name], time: Date.now(), ...fields, msg: message };
    write(
      `${JSON.stringify(entry, (_key, value: unknown) => (value instanceof Error ? toPlain(value) : value))}\n`,
    );
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function toPlain(error: Error): object {
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause instanceof Error && { cause: toPlain(cause) }) };
}
