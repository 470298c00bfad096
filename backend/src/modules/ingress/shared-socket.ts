import { randomBytes } from 'node:crypto';
import { chmodSync, renameSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import path from 'node:path';

/**
 * Listens on a Unix socket that several processes offer in turn: the last one that started has it. Node.js removes the
 * name that a server has bound when the server closes, whosever it is by then. So each process binds a name of its own
 * and moves it to the shared one.
 */
export async function listenAt(server: Server, socket: string): Promise<void> {
  // No longer than the shared name: paths of sockets are limited to 107 bytes.
  const own = path.join(path.dirname(socket), `.${randomBytes(3).toString('hex')}`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, resolve);
  });
  chmodSync(own, 0o666); // the edge runs as the user nobody; only services with the volume have access
  renameSync(own, socket);
}

/** Whether a process accepts connections on the socket. */
export function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false));
    connection.once('connect', () => connection.destroy());
  });
}
