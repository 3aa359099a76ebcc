import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

let listened = 0;

/** A place where one host is awaited. */
export interface HostListener {
  readonly path: string;
  /** Stays pending when nobody comes. */
  readonly connected: Promise<Socket>;
  close(): void;
}

/**
 * Listens on a socket of its own for one connection, then no longer: whoever it is, is the host that was started
 * with this path, since only the worker's user and root may enter the folder.
 */
export function listenForHost(folder: string): HostListener {
  const path = join(folder, `${++listened}.sock`);
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    close();
    resolve(socket);
  });
  const close = (): void => {
    server.close();
    rmSync(path, { force: true });
  };
  server.on('error', () => {}); // the host cannot connect then, and says so
  server.maxConnections = 1;
  server.listen(path);
  return { path, connected: promise, close };
}
