import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { DockerClient } from './docker-client.js';

const HALF = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[{"Id":';
const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]';

describe('an Engine that stops in the middle of a response', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-docker-client-'));
  const socket = path.join(folder, 'docker.sock');
  const client = new DockerClient(Config.load({ DOCKER_HOST: `unix://${socket}` }, '/no/such/file'));
  let server: net.Server;
  let answer: (connection: net.Socket) => void;

  beforeEach(async () => {
    server = net.createServer((connection) => connection.once('data', () => answer(connection)));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('must fail the call when it dies, and when it hangs, within five seconds', async () => {
    const unavailable = { kind: 'unavailable' };
    answer = (connection) => connection.end(HALF);
    await expect(client.call((docker) => docker.listContainers())).rejects.toMatchObject(unavailable);
    answer = (connection) => connection.write(HALF);
    const begin = Date.now();
    await expect(client.call((docker) => docker.listContainers())).rejects.toMatchObject(unavailable);
    expect(Date.now() - begin).toBeLessThan(5000);
    answer = (connection) => connection.write(WHOLE);
    expect(await client.call((docker) => docker.listContainers())).toEqual([]);
  });
});
