import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The only address local mode listens on: whoever can reach a port of it could run commands here. */
export const LOOPBACK = '127.0.0.1';

/**
 * Which port a server is to have. `explicit` is what somebody asked for and no other will do, `setBy` names
 * the flag or variable that did; `preferred` is taken if it is free, else any. 0 is any free port.
 */
export type PortWish = { readonly explicit: number; readonly setBy: string } | { readonly preferred: number };

/** Any free port, as tests and throw-away stacks want it. */
export const ANY_PORT: PortWish = { preferred: 0 };

/**
 * Makes a server listen on loopback by a wish and returns its port. It listens rather than checks first, so
 * nobody can take the port in between.
 * @throws Error that says what to change when an explicit port cannot be had.
 */
export async function listenOnLoopback(server: Server, wish: PortWish): Promise<number> {
  if ('explicit' in wish) {
    await listen(server, wish.explicit).catch((error: unknown) => {
      throw toPortError(error, wish.explicit, wish.setBy);
    });
  } else {
    await listen(server, wish.preferred).catch(async (error: unknown) => {
      if (!isTaken(error)) throw error;
      await listen(server, 0);
    });
  }
  return (server.address() as AddressInfo).port;
}

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (outcome: () => void) => () => {
    server.off('listening', onListening).off('error', onError);
    outcome();
  };
  const onListening = settle(resolve);
  const onError = (error: Error): void => settle(() => reject(error))();
  server.once('listening', onListening).once('error', onError);
  server.listen({ host: LOOPBACK, port, exclusive: true });
  return promise;
}

/** In use, or not for this user (ports below 1024): for a mere preference both mean "another one". */
function isTaken(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function toPortError(error: unknown, port: number, setBy: string): Error {
  if (!isTaken(error)) return error as Error;
  const why =
    (error as NodeJS.ErrnoException).code === 'EACCES'
      ? 'this user may not listen there'
      : 'another process listens there';
  return new Error(
    `Expected port ${port} on ${LOOPBACK} (${setBy}) to be free, but ${why}: ` +
      `end that process, give ${setBy} another port, or leave ${setBy} away to get a free one.`,
    { cause: error },
  );
}
