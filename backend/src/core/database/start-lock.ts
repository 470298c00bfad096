import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 25;

/**
 * One at a time for a folder. The lock is a socket in Linux's abstract namespace: the kernel frees it the moment its holder dies, so that
 * there is no stale file to judge and no pid that may be someone else's by now. Returns the function that frees it.
 */
export async function acquireStartLock(folder: string, withinMs: number): Promise<() => Promise<void>> {
  const name = `\0berth-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  const end = Date.now() + withinMs;
  for (;;) {
    const server = await listen(name);
    if (server) return () => new Promise((resolve) => void server.close(() => resolve()));
    if (Date.now() > end)
      throw new Error(`another process has been starting the database in ${folder} for too long: end it and try again`);
    await delay(POLL_INTERVAL_MS);
  }
}

function listen(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path: name }, () => resolve(server));
  });
}
