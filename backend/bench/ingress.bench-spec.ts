import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { PublicPlatform } from '../test/scenario/public-platform.js';
import { SMALL_WEB_APPLICATION, uniqueDomain, WEB_APPLICATION } from '../test/scenario/web-application.js';
import { eventually } from '../test/testbed/eventually.js';
import { freePort } from '../test/testbed/free-port.js';
import { h2load } from './h2load.js';
import { median } from './quantile.js';
import { print, Report } from './report.js';
import { startStaticNginx } from './static-nginx.js';
import { SteadyLoad } from '../test/scenario/steady-load.js';

const ROUNDS = 5;
const PER_SECOND = 200;
const OTHERS = 20;
const REQUESTS = 30_000;
const SITES = Number(process.env['BERTH_BENCH_SITES'] ?? 100);
const AT_ONCE = 4;
const MIB = 1024 * 1024;
const LIMITS_MS = { http: 3000, https: 10_000 };
const site = new PublicPlatform();
let client: ApiClient;
let shop: { id: string; domain: string; network: string };

beforeAll(async () => {
  client = await site.start({ STABILITY_WINDOW_MS: '2000' });
  const environment = await client.createEnvironment();
  shop = { id: environment.id, domain: uniqueDomain('shop'), network: environment.overlayNetworkId };
  await client.run({ environmentId: shop.id, name: 'web', ...WEB_APPLICATION });
  await site.publish(client, shop.id, { domain: shop.domain });
  await site.secured(client, shop.id);
});
afterAll(() => site.stop(), 900_000);

describe('ingress', () => {
  it('a name must answer soon after it was asked for', async () => {
    const report = new Report('ingress: from POST to the first answer, medians');
    const times: Record<'http' | 'https', number>[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await publishAndTime());
    addTimes(report, times);
    report.conclude();
  });

  it('visitors must notice nothing of what happens to other sites, nor of a renewal', async () => {
    const report = new Report(`ingress: ${PER_SECOND} requests/s, each by a TLS connection of its own`);
    const bystanders = await Promise.all([publicEnvironment('bystander0'), publicEnvironment('bystander1')]);
    const load = new SteadyLoad({
      port: site.httpsPort,
      domain: shop.domain,
      perSecond: PER_SECOND,
      ca: site.root,
      fromElsewhere: true,
    });
    await delay(3000);
    await load.endPhase(); // warm
    await delay(20_000);
    const idle = await load.endPhase();
    await Promise.all([manyComeAndGo(OTHERS), renew(), killEdges(bystanders)]);
    const busy = await load.endPhase();
    await load.stop();
    print(`  idle: ${JSON.stringify(idle)}\n  meanwhile: ${JSON.stringify(busy)}`);
    report.add({ what: 'failed requests', measured: idle.failed + busy.failed, limit: 0, unit: '' });
    report.add({
      what: 'p99',
      measured: busy.p99Ms,
      baseline: idle.p99Ms,
      limit: idle.p99Ms + 50,
      unit: 'ms',
    });
    await Promise.all(bystanders.map(({ id }) => client.deleteEnvironment(id)));
    report.conclude();
  });

  it('front and edge must cost little against one nginx', async () => {
    const report = new Report(
      'ingress: HTTPS, 32 connections, against one nginx that is written by hand; medians of the ratios',
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-bench-'));
    const port = await freePort();
    const stop = await startStaticNginx(site.engine, { network: shop.network, application: 'web:8080', port, folder });
    try {
      const url = (target: string) => `https://${shop.domain}${target}`;
      await eventually(() => h2load(url('/'), port, 32), 30_000);
      const compare = async (what: string, target: string, requests: number) => {
        const pairs: { own: number; baseline: number }[] = [];
        for (let round = 0; round < ROUNDS; round++)
          pairs.push({
            own: await h2load(url(target), site.httpsPort, requests),
            baseline: await h2load(url(target), port, requests),
          });
        const ratio = median(pairs.map((pair) => pair.own / pair.baseline));
        const baseline = median(pairs.map((pair) => pair.baseline));
        const measured = ratio * baseline;
        report.add({ what, measured, baseline, limit: 0.95 * baseline, isMinimum: true, unit: 'requests/s' });
        return measured;
      };
      await compare('an application that computes for 2 ms', '/work?ms=2', 2500);
      await compare('one that waits for 5 ms', '/wait?ms=5', REQUESTS);
      // All that passes a byte shares the cores with the application and the load: with two of them, two hops more cost what they cost.
      const most = await compare('one that takes none, all cores busy', '/', 2 * REQUESTS);
      const sustained = await h2load(url('/'), site.httpsPort, Math.round(60 * most));
      report.add({
        what: 'for 60 s',
        measured: sustained,
        baseline: most,
        limit: 0.9 * most,
        isMinimum: true,
        unit: 'requests/s',
      });
    } finally {
      await stop();
      rmSync(folder, { recursive: true });
    }
    report.conclude();
  });

  it('bodies of a gigabyte must pass while the memory of the edge stays as it is', async () => {
    const report = new Report('ingress: a gigabyte each way');
    const before = await site.engine.memoryOf('berth_edge_');
    let most = before;
    let isOver = false;
    const watch = (async () => {
      while (!isOver) most = Math.max(most, await site.engine.memoryOf('berth_edge_'));
    })();
    const downMs = await transfer('GET', `/download?bytes=${2 ** 30}`);
    const upMs = await transfer('POST', '/upload', 2 ** 30);
    isOver = true;
    await watch;
    report.add({ what: 'download', measured: 1024 / (downMs / 1000), limit: 1, isMinimum: true, unit: 'MiB/s' });
    report.add({ what: 'upload', measured: 1024 / (upMs / 1000), limit: 1, isMinimum: true, unit: 'MiB/s' });
    report.add({ what: 'memory', measured: most / MIB, baseline: before / MIB, limit: before / MIB + 8, unit: 'MiB' });
    report.conclude();
  });
});

describe('many sites', () => {
  it(`${SITES} public environments must be as quick and as small as few`, async () => {
    const report = new Report(`ingress: ${SITES} public environments on one engine`);
    const domains: string[] = [shop.domain];
    await inTurns(SITES - 1, async (index) => {
      const { domain } = await publicEnvironment(`many${index}`, SMALL_WEB_APPLICATION);
      if (domains.push(domain) % 10 === 0) print(`  ${domains.length} sites`);
    });
    addTimes(report, [await publishAndTime(), await publishAndTime(), await publishAndTime()]);
    const [front, edges] = [await site.engine.memories('berth_front'), await site.engine.memories('berth_edge_')];
    const average = [...front, ...edges].reduce((sum, bytes) => sum + bytes, 0) / (front.length + edges.length);
    report.add({ what: 'memory of front and edges, each', measured: average / MIB, limit: 12, unit: 'MiB' });
    report.add({ what: 'the front comes back', measured: await restartFront(domains), limit: 3000, unit: 'ms' });
    report.conclude();
  });
});

async function publicEnvironment(word: string, application: object = { name: 'web', ...WEB_APPLICATION }) {
  const { id } = await client.createEnvironment();
  const domain = uniqueDomain(word);
  await client.run({ environmentId: id, ...application });
  await site.publish(client, id, { domain });
  await site.secured(client, id);
  return { id, domain };
}

/** Milliseconds until a name that was just asked for answers with the application; the environment is gone afterwards. */
async function publishAndTime(): Promise<Record<'http' | 'https', number>> {
  const { id } = await client.createEnvironment();
  await client.run({ environmentId: id, ...SMALL_WEB_APPLICATION });
  const domain = uniqueDomain('timed');
  const begin = performance.now();
  await site.publish(client, id, { domain });
  await eventually(async () => ok((await site.http(domain)).status < 400), 30_000);
  const http = performance.now() - begin;
  await eventually(async () => ok((await site.https(domain)).status === 200), 30_000);
  const times = { http, https: performance.now() - begin };
  await client.deleteEnvironment(id);
  return times;
}

function addTimes(report: Report, times: Record<'http' | 'https', number>[]): void {
  for (const kind of ['http', 'https'] as const)
    report.add({
      what: `POST to ${kind.toUpperCase()}`,
      measured: median(times.map((one) => one[kind])),
      limit: LIMITS_MS[kind],
      unit: 'ms',
    });
}

async function manyComeAndGo(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { id } = await publicEnvironment(`passing${index}`, SMALL_WEB_APPLICATION);
    await client.deleteEnvironment(id);
  }
}

/** Some of them side by side. */
async function inTurns(count: number, work: (index: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: count }, (_, index) => index);
  const worker = async () => {
    for (let index = left.pop(); index !== undefined; index = left.pop()) await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function renew(): Promise<void> {
  const before = await chain();
  const day = 86_400_000;
  await site.acme.wantRenewal(before, new Date(Date.now() - 2 * day), new Date(Date.now() - day));
  await site.publish(client, shop.id, { domain: shop.domain });
  await eventually(async () => ok((await chain()) !== before), 60_000);
  await site.settled(shop.domain);
}

/** The site's certificate as it is kept now. */
async function chain(): Promise<string> {
  const text = 'SELECT chain FROM "Certificate" WHERE domain = $1';
  const [row] = await site.platform.sql<{ chain: string }>(text, [shop.domain]);
  return row?.chain ?? '';
}

async function killEdges(others: { domain: string }[]): Promise<void> {
  for (const { domain } of others) {
    const [row] = await site.platform.sql<{ id: string }>('SELECT id FROM "Site" WHERE domain = $1', [domain]);
    const filters = { label: [`berth.site=${row?.id ?? ''}`] };
    for (const { Id } of await site.engine.docker.listContainers({ filters }))
      await site.engine.docker.getContainer(Id).kill();
    await eventually(async () => ok((await site.https(domain)).status === 200), 60_000);
  }
}

/** Milliseconds from the end of the front's process until every site answers again. */
async function restartFront(domains: string[]): Promise<number> {
  const [front] = await site.engine.docker.listContainers({ filters: { name: ['berth_front'] } });
  const begin = performance.now();
  await site.engine.docker.getContainer(front?.Id ?? '').kill();
  const back = (domain: string) => eventually(async () => ok((await site.https(domain)).status === 200), 60_000);
  await Promise.all(domains.map(back));
  return performance.now() - begin;
}

/** Milliseconds for a body of so many bytes, or for the answer's. */
async function transfer(method: string, target: string, bytes = 0): Promise<number> {
  const begin = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const { domain } = shop;
  const options = { host: '127.0.0.1', port: site.httpsPort, servername: domain, ca: site.root, agent: false };
  const request = https.request({ ...options, path: target, method, headers: { host: domain } }, (answer) => {
    pipeline(answer, createWriteStream('/dev/null')).then(() => resolve(undefined), reject);
  });
  request.once('error', reject);
  if (bytes > 0) await pipeline(createReadStream('/dev/zero', { end: bytes - 1 }), request);
  else request.end();
  await promise;
  return performance.now() - begin;
}

function ok(holds: boolean): void {
  if (!holds) throw new Error('not yet');
}
