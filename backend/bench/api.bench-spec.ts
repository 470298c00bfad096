import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { Platform } from '../test/scenario/platform.js';
import { load, type Load } from './load.js';
import { Report } from './report.js';
import { IDLE } from './workload.js';

const CONNECTIONS = 64;
const SECONDS = 8;
const NODE = path.resolve(import.meta.dirname, '../node_modules/.bin/node');

const platform = new Platform({ NODE_ENV: 'production', LOG_LEVEL: 'warn' });
const report = new Report(`api: GET /deployments/job/:jobId with a key, ${CONNECTIONS} connections`);
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => platform.stop());

it('a poll must cost little more than a route that does nothing', async () => {
  const { id: environmentId } = await client.createEnvironment();
  const { jobId } = await client.run({ environmentId, ...IDLE });
  const poll = `${platform.baseUrl}/deployments/job/${jobId}`;
  const { apiKey } = client;
  const options = { connections: CONNECTIONS, seconds: SECONDS };
  await load(poll, { connections: CONNECTIONS, seconds: 3, apiKey }); // warm
  const rounds: Record<'bare' | 'poll', Load>[] = [];
  for (let round = 0; round < 3; round++)
    rounds.push({
      bare: await load(`${platform.baseUrl}/health/live`, options),
      poll: await load(poll, { ...options, apiKey }),
    });
  const best = (pick: (round: (typeof rounds)[number]) => number) => Math.max(...rounds.map(pick));
  const measured = best(({ poll: { requestsPerSecond } }) => requestsPerSecond);
  const bare = best(({ bare: { requestsPerSecond } }) => requestsPerSecond);
  const slow = await withSlowGuard((url) => load(`${url}/${jobId}`, { connections: 8, seconds: SECONDS, apiKey }));

  report.add({
    what: 'against GET /health/live of the same process',
    measured,
    baseline: bare,
    limit: 0.6 * bare,
    isMinimum: true,
    unit: 'requests/s',
  });
  report.add({
    what: 'against bcrypt and an UPDATE on every request',
    measured,
    baseline: slow.requestsPerSecond,
    limit: 100 * slow.requestsPerSecond,
    isMinimum: true,
    unit: 'requests/s',
  });
  report.add({
    what: 'p99',
    measured: Math.min(...rounds.map(({ poll: { p99Ms } }) => p99Ms)),
    limit: 50,
    unit: 'ms',
  });
  const { key } = await client.ok<{ key: { keyId: string } }>('GET', '/auth/me');
  const revoker = await platform.client();
  const begin = performance.now();
  await revoker.ok('POST', '/auth/revoke', { keyId: key.keyId });
  while ((await client.request('GET', '/auth/me')).status === 200);
  report.add({ what: 'a revocation is effective after', measured: performance.now() - begin, limit: 1000, unit: 'ms' });
  report.conclude();
});

async function withSlowGuard<T>(use: (url: string) => Promise<T>): Promise<T> {
  const child = spawn(NODE, [path.join(import.meta.dirname, 'slow-guard.mjs'), platform.databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return await use(`http://127.0.0.1:${String(port).trim()}`);
  } finally {
    child.kill();
  }
}
