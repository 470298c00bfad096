import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { RedisServer } from '../testbed/redis-server.js';

const ENCRYPTION_KEY = Buffer.alloc(32, 9).toString('base64');
const READERS = 20;
const DEPLOYMENTS = 10;
const folder = mkdtempSync(path.join(tmpdir(), 'berth-two-'));
const redis = new RedisServer();
const engine = new EngineView();
let one: Platform;
let other: Platform;
let proxy: string;
let direct: ApiClient;
let client: ApiClient;

/** Two API processes behind an nginx, with one PostgreSQL and one Redis. */
beforeAll(async () => {
  await redis.start();
  one = await new Platform({ ENCRYPTION_KEY, REDIS_URL: redis.url }).start();
  other = await new Platform({ ENCRYPTION_KEY, REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl }).start();
  const port = await freePort();
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `worker_processes 1; pid /tmp/nginx.pid; events { worker_connections 1024; }
http { access_log off; upstream api { server 127.0.0.1:${one.port}; server 127.0.0.1:${other.port}; keepalive 32; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream error timeout non_idempotent; proxy_connect_timeout 1s; } } }`,
  );
  await engine.pull('nginx:1.30-alpine');
  const container = await engine.docker.createContainer({
    Image: 'nginx:1.30-alpine',
    Cmd: ['nginx', '-c', file, '-g', 'daemon off;'],
    Labels: { 'berth.test': folder },
    HostConfig: { NetworkMode: 'host', Binds: [`${folder}:${folder}:ro`] },
  });
  await container.start();
  proxy = container.id;
  direct = await one.client();
  client = new ApiClient(`http://127.0.0.1:${port}`, direct.apiKey);
  await eventually(async () => expect((await client.request('GET', '/health/ready')).status).toBe(200), 20_000);
});
afterAll(async () => {
  await engine.docker.getContainer(proxy).remove({ force: true });
  await other.terminate();
  other.forget();
  await one.stop();
  await redis.stop();
  redis.remove();
  rmSync(folder, { recursive: true });
});

it('the death of one under load must lose no job and next to no request', async () => {
  const { id: environmentId } = await client.createEnvironment();
  const body = { environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) };
  const posted = await Promise.all(Array.from({ length: DEPLOYMENTS }, () => client.deploy(body)));
  let isOver = false;
  let requests = 0;
  const failures: string[] = [];
  const read = async (jobId: string) => {
    while (!isOver) {
      requests += 1;
      const answer = await client.request('GET', `/deployments/job/${jobId}`).catch((error: unknown) => String(error));
      if (typeof answer === 'string') failures.push(answer);
      else if (answer.status !== 200) failures.push(`${answer.status} ${answer.body.code}`);
      await delay(10);
    }
  };
  const readers = Array.from({ length: READERS }, (_, index) => read(posted[index % DEPLOYMENTS]?.jobId ?? ''));
  await delay(1500);
  await other.kill9();
  for (const { jobId } of posted) expect((await direct.settled(jobId, 90_000)).status).toBe('RUNNING');
  isOver = true;
  await Promise.all(readers);
  for (const { deploymentId } of posted) expect(await engine.servicesOf(deploymentId)).toHaveLength(1);
  process.stdout.write(
    `${requests} requests while one of two died: ${failures.length} failed ${JSON.stringify(failures.slice(0, 3))}\n`,
  );
  expect(failures.length / requests).toBeLessThan(0.01);
  await direct.deleteEnvironment(environmentId);
}, 240_000);
