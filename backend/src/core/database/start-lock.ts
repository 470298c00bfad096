import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 25;

/**
 * Acquires the start lock of a folder and returns the function that releases it. The lock is a socket in Linux's
 * abstract namespace: the kernel releases it when its holder dies, so that no stale file or reused pid can block it.
 * Throws after `withinMs`.
 */
export async function acquireStartLock(folder: string, withinMs: number): Promise<() => Promise<void>> {
  const name = `\0berth-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  const end = performance.now() + withinMs;
  for (;;) {
    const server = await listen(name);
    if (server) return () => new Promise((resolve) => void server.close(() => resolve()));
    if (performance.now() > end)
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
