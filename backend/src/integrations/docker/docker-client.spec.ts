import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Config } from '#src/config/config.js';
import { DockerClient } from './docker-client.js';

const HALF = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[{"Id":';

describe('an Engine that stops in the middle of a response', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-docker-client-'));
  const socket = path.join(folder, 'docker.sock');
  const client = new DockerClient(Config.load({ DOCKER_HOST: `unix://${socket}` }, '/no/such/file'));
  const connections: net.Socket[] = [];
  let server: net.Server;
  let answer: (connection: net.Socket) => void;

  beforeEach(async () => {
    connections.length = 0;
    server = net.createServer((connection) => {
      connections.push(connection);
      connection.once('data', () => answer(connection));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['dies', (connection: net.Socket) => connection.end(HALF)],
    ['hangs', (connection: net.Socket) => connection.write(HALF)],
  ])('must fail the call within a minute when it %s', async (_what, stop) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked = new Promise<void>((resolve) => {
      answer = (connection) => {
        stop(connection);
        resolve();
      };
    });
    const call = client.call((docker) => docker.listContainers());
    const refused = expect(call).rejects.toMatchObject({ kind: 'unavailable' });
    await asked;
    vi.advanceTimersByTime(60_000);
    await refused;
  });
});
