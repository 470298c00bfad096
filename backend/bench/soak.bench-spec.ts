import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { Platform } from '../test/scenario/platform.js';
import { IDLE, sh } from '../test/scenario/stand-in.js';
import { median } from './quantile.js';
import { print, Report } from './report.js';

const MINUTES = Number(process.env['BERTH_BENCH_MINUTES'] ?? 60);
const POLLS_PER_SECOND = 50;
const MIB = 2 ** 20;
const WEB = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE), drainSeconds: 1 };

const platform = new Platform();
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => platform.stop());

interface Sample {
  rssMb: number;
  files: number;
}

function sample(): Sample {
  const status = readFileSync(`/proc/${platform.pid}/status`, 'utf8');
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  return { rssMb: (rssKb * 1024) / MIB, files: readdirSync(`/proc/${platform.pid}/fd`).length };
}

it(
  `memory and open files must stay what they are over ${MINUTES} minutes`,
  async () => {
    const report = new Report(`soak: ${MINUTES} minutes of ${POLLS_PER_SECOND} polls/s and a deployment a minute`);
    const { id: environmentId } = await client.createEnvironment();
    const { jobId } = await client.deploy({ environmentId, ...WEB });
    await client.settled(jobId);
    let isOver = false;
    let failed = 0;
    const polls = (async () => {
      for (let next = performance.now(); !isOver; next += 1000 / POLLS_PER_SECOND) {
        void client.job(jobId).catch(() => (failed += 1));
        await delay(Math.max(0, next - performance.now()));
      }
    })();
    const samples: Sample[] = [];
    for (let minute = 1; minute <= MINUTES; minute++) {
      const begin = Date.now();
      await client.run({ environmentId, ...WEB, envVars: { MINUTE: String(minute) } });
      await delay(60_000 - (Date.now() - begin));
      samples.push(sample());
      const { rssMb, files } = samples.at(-1) ?? { rssMb: NaN, files: NaN };
      print(`  ${minute}/${MINUTES}: ${Math.round(rssMb)} MiB, ${files} files`);
    }
    isOver = true;
    await polls;
    // The first fifth is what a process that has work to do takes; from then on it must be flat.
    const fifth = Math.max(1, Math.floor(MINUTES / 5));
    const [early, late] = [samples.slice(fifth, 2 * fifth), samples.slice(-fifth)];
    for (const [what, unit, slack] of [
      ['rssMb', 'MiB', 10],
      ['files', '', 3],
    ] as const) {
      const baseline = median(early.map((one) => one[what]));
      report.add({ what, measured: median(late.map((one) => one[what])), baseline, limit: baseline + slack, unit });
    }
    const largest = Math.max(...samples.map(({ rssMb }) => rssMb));
    report.add({ what: 'largest RSS', measured: largest, limit: 280, unit: 'MiB' });
    report.add({ what: 'failed polls', measured: failed, limit: 0, unit: '' });
    await client.deleteEnvironment(environmentId);
    report.conclude();
  },
  (MINUTES + 5) * 60_000,
);
