import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { EventStream } from '../test/scenario/event-stream.js';
import { Platform } from '../test/scenario/platform.js';
import { quantile } from './quantile.js';
import { addDeployments, addEnvironments } from './rows.js';
import { print, Report } from './report.js';
import { IDLE } from './workload.js';

const READS = 300;
const POLLS = 1000;
const STREAMS = 200;

const platform = new Platform({ NODE_ENV: 'production', LOG_LEVEL: 'warn', MAX_ENVIRONMENTS_PER_USER: '100000' });
const report = new Report(
  `scale: 10,000 deployments and 1,000 environments; ${POLLS} long-polls and ${STREAMS} streams`,
);
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client('1');
});
afterAll(async () => {
  // Rows that nothing runs for need no clean-up; removing 10,000 one by one would take minutes.
  await platform.sql(`UPDATE "Environment" SET status = 'DELETED' WHERE name LIKE 'bench-%'`);
  await platform.sql(`DELETE FROM "Deployment" WHERE "imageDigest" IS NULL`);
  await platform.sql(`UPDATE "Deployment" SET status = 'RUNNING'`);
  await platform.stop();
});

it('lists and polls must stay as fast as they were with few rows', async () => {
  const { id: environmentId } = await client.createEnvironment();
  const measure = async () => {
    const [row] = await platform.sql<{ jobId: string }>(
      `SELECT "jobId" FROM "Deployment" ORDER BY random() LIMIT 1`,
      [],
    );
    const targets = {
      'list of 50 deployments': { path: `/deployments/environment/${environmentId}?limit=50`, times: [] as number[] },
      'list of 50 environments': { path: '/environments?limit=50', times: [] as number[] },
      poll: { path: `/deployments/job/${row?.jobId ?? ''}`, times: [] as number[] },
    };
    for (let read = 0; read < READS; read++)
      for (const { path, times } of Object.values(targets)) {
        const begin = performance.now();
        await client.ok('GET', path);
        times.push(performance.now() - begin);
      }
    return targets;
  };
  await addEnvironments(platform, '1', 99);
  await addDeployments(platform, environmentId, 100);
  await measure(); // warm
  const few = await measure();
  await addEnvironments(platform, '1', 900);
  await addDeployments(platform, environmentId, 9900);
  const many = await measure();
  for (const what of Object.keys(many) as (keyof typeof many)[]) {
    const { times } = many[what];
    const baseline = quantile(few[what].times, 0.5);
    report.add({ what: `${what}, p99`, measured: quantile(times, 0.99), limit: 20, unit: 'ms' });
    report.add({
      what: `${what}, median against 100 rows`,
      measured: quantile(times, 0.5) * 1000,
      baseline: baseline * 1000,
      limit: 1.5 * baseline * 1000,
      unit: 'µs',
    });
  }
});

it('many must be able to wait at once, and all be told soon', async () => {
  const { id: environmentId } = await client.createEnvironment();
  const { jobId, id } = await client.run({ environmentId, ...IDLE });
  await delay(3000); // what the deployment was for is done
  const before = rss();
  const answeredAt: number[] = [];
  const polls = Array.from({ length: POLLS }, () =>
    longPoll(`/deployments/job/${jobId}?wait=60`).then((at) => answeredAt.push(at)),
  );
  const other = await client.createEnvironment();
  const pending = await pendingDeployment(other.id);
  const streams = await Promise.all(
    Array.from({ length: STREAMS }, () =>
      EventStream.open(`${platform.baseUrl}/deployments/job/${pending.jobId}/events`, { 'X-API-Key': client.apiKey }),
    ),
  );
  await delay(3000);
  const after = rss();
  const begin = performance.now();
  const changed = platform
    .sql(`UPDATE "Deployment" SET status = 'STOPPED' WHERE id = $1`, [id])
    .then(() => platform.sql(`SELECT pg_notify('berth', $1)`, [notice(id, jobId)]))
    .then(() => performance.now());
  await Promise.all(polls);
  const told = Math.max(...answeredAt) - (await changed);
  await platform.sql(
    `INSERT INTO "DeploymentEvent" ("deploymentId", kind, data) VALUES ($1, 'STATUS', '{"status":"FAILED"}')`,
    [pending.id],
  );
  const toldFrom = performance.now();
  await platform.sql(`SELECT pg_notify('berth', $1)`, [notice(pending.id, pending.jobId)]);
  await Promise.all(streams.map(({ ended }) => ended));
  const streamed = Math.max(...streams.map(({ received }) => received.at(-1)?.at ?? Infinity)) - toldFrom;
  print(`told after ${Math.round(performance.now() - begin)} ms in all; RSS ${before} → ${after} MB`);

  report.add({ what: 'memory of all who wait', measured: after - before, limit: 100, unit: 'MB' });
  report.add({
    what: `the last of ${POLLS} long-polls hears of a change after`,
    measured: told,
    limit: 200,
    unit: 'ms',
  });
  report.add({ what: `the last of ${STREAMS} streams`, measured: streamed, limit: 200, unit: 'ms' });
  report.conclude();
});

/** When the answer begins: a client that does no more than that, since it runs on the machine that is measured. */
function longPoll(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(platform.baseUrl + path, { agent: false, headers: { 'X-API-Key': client.apiKey } }, (response) => {
      if (response.statusCode === 200) resolve(performance.now());
      else reject(new Error(`long-poll: ${response.statusCode ?? ''}`));
      response.resume();
    }).on('error', reject);
  });
}

function rss(): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${platform.pid}/status`, 'utf8'))?.[1]) / 1024);
}

function notice(deploymentId: string, jobId: string): string {
  return JSON.stringify({ name: 'deployment.changed', payload: { deploymentId, jobId } });
}

/** A row that nothing works on. */
async function pendingDeployment(environmentId: string): Promise<{ id: string; jobId: string }> {
  await addDeployments(platform, environmentId, 1);
  const rows = await platform.sql<{ id: string; jobId: string }>(
    `UPDATE "Deployment" SET status = 'PULLING_IMAGE' WHERE "environmentId" = $1 RETURNING id, "jobId"`,
    [environmentId],
  );
  const [row] = rows;
  if (!row) throw new Error('no row');
  return row;
}
