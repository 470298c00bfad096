import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import { Platform } from '../test/scenario/platform.js';
import { childrenOf } from '../test/testbed/processes.js';
import { print, Report } from './report.js';

const IDLE_MS = 20_000;

const report = new Report(`memory: ${IDLE_MS / 1000} s after the start, database there before`);
const platform = new Platform({ NODE_ENV: 'production' });

beforeAll(async () => {
  await platform.start(); // makes the database
  await platform.terminate();
});
afterAll(() => platform.stop());

it('the API must start quickly and idle in little memory', async () => {
  const [startMs] = await Promise.all([timeToLive(), platform.start()]);
  await delay(IDLE_MS);
  const rss = kilobytes(platform.pid, 'status', 'VmRSS');
  const postmaster = Number.parseInt(readFileSync(path.join(platform.postgresDir, 'data/postmaster.pid'), 'utf8'), 10);
  const tree = new Set([platform.pid, postmaster].flatMap(withDescendants));
  const pss = [...tree].reduce((sum, pid) => sum + kilobytes(pid, 'smaps_rollup', 'Pss'), 0);
  print(`PSS of the API alone: ${Math.round(kilobytes(platform.pid, 'smaps_rollup', 'Pss') / 1024)} MB`);

  report.add({ what: 'start to the first 200 of /health/live', measured: startMs, limit: 3000, unit: 'ms' });
  report.add({ what: 'RSS of the API', measured: rss / 1024, limit: 200, unit: 'MB' });
  report.add({ what: `PSS with PostgreSQL, ${tree.size} processes`, measured: pss / 1024, limit: 260, unit: 'MB' });
  report.conclude();
});

async function timeToLive(): Promise<number> {
  const begin = performance.now();
  for (;;) {
    const answer = await fetch(`${platform.baseUrl}/health/live`).catch(() => undefined);
    if (answer?.status === 200) return performance.now() - begin;
    if (performance.now() - begin > 30_000) throw new Error('the API does not come up');
    await delay(10);
  }
}

function withDescendants(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(withDescendants)];
}

function kilobytes(pid: number, file: 'status' | 'smaps_rollup', field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]);
}
