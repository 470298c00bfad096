import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { Configs } from './configs.js';
import { DockerClient } from './docker-client.js';
import { Secrets } from './secrets.js';

const folder = mkdtempSync(path.join(tmpdir(), 'berth-engine-'));
const socket = path.join(folder, 'docker.sock');
const created: { url: string; body: unknown }[] = [];

/** Has no configs and secrets, and creates each. As every server of Node.js it refuses URLs above 16 KiB. */
const engine = createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  if (request.method === 'GET') response.end('[]');
  else
    void text(request).then((body) => {
      created.push({ url: request.url ?? '', body: JSON.parse(body) });
      response.writeHead(201).end('{"ID":"created"}');
    });
});

beforeAll(() => new Promise<void>((resolve) => engine.listen(socket, resolve)));
afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

it('the content of a config or secret must be in the body of the call, and not in its URL', async () => {
  const docker = new DockerClient(Config.load({ DOCKER_HOST: `unix://${socket}` }, '/no/such/file'));
  const content = Buffer.alloc(500_000, 1);
  const body = { Name: 'n', Data: content.toString('base64'), Labels: { a: 'b' } };
  for (const surface of [new Configs(docker), new Secrets(docker)])
    expect(await surface.ensure('n', content, { a: 'b' })).toBe('created');
  expect(created).toEqual([
    { url: '/configs/create?', body },
    { url: '/secrets/create?', body },
  ]);
});
