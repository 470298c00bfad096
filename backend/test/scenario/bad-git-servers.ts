import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createHttpsServer } from 'node:https';
import type { GitServer } from '../testbed/git-server.js';

export interface BadServer {
  url: string;
  stop(): void;
}

/** Takes every connection and never says a word. */
export async function hangingServer(): Promise<BadServer> {
  const server = createTcpServer((socket) => socket.on('error', () => undefined));
  return { url: await listening(server), stop: () => server.close() };
}

/** Is a git server as far as one can tell, at one byte a second. */
export async function drippingServer({ key }: GitServer): Promise<BadServer> {
  const timers = new Set<NodeJS.Timeout>();
  const server = createHttpsServer({ key: key.key, cert: key.certificate }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    timers.add(setInterval(() => response.write('0'), 1000));
  });
  const url = await listening(server);
  return {
    url,
    stop: () => {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers every request with what is no git. */
export async function babblingServer({ key }: GitServer, type: string, body: string): Promise<BadServer> {
  const server = createHttpsServer({ key: key.key, cert: key.certificate }, (_, response) =>
    response.writeHead(200, { 'content-type': type }).end(body),
  );
  const url = await listening(server);
  return { url, stop: () => server.close() };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/acme/shop.git`;
}
