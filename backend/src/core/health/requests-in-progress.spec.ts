import { createServer, get, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { RequestsInProgress } from './requests-in-progress.js';

let server: Server;
afterEach(() => server.close());

it('waits at the shutdown until a request that was accepted before it has its response', async () => {
  const requests = new RequestsInProgress();
  const accepted = new Promise<ServerResponse>((resolve) => {
    server = createServer((request, response) => requests.track(request, response, () => resolve(response)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answered = once(get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }), 'response');
  const response = await accepted;

  let isOver = false;
  const shutdown = requests.beforeApplicationShutdown().then(() => (isOver = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isOver).toBe(false);
  response.end();
  await Promise.all([shutdown, answered]);
});
