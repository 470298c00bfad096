import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { removeOwnRegistry } from '../scenario/own-registry.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { SteadyLoad } from '../scenario/steady-load.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { Cluster } from '../testbed/cluster.js';
import { eventually } from '../testbed/eventually.js';
import { GitServer } from '../testbed/git-server.js';
import { engineUnderTest } from '../testbed/testbed.js';

const ELSEWHERE_MS = 60_000;
const cluster = new Cluster(engineUnderTest());
const site = new PublicPlatform();
const domain = uniqueDomain('spread');
let git: GitServer;
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await cluster.up(2);
  git = await new GitServer().start();
  client = await site.start({
    DOCKER_HOST: engineUnderTest().dockerHost,
    BUILD_REGISTRY: 'own',
    GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    GIT_CA_FILE: git.caFile,
    BUILD_MIN_FREE_DISK_MB: '1',
  });
  ({ id: environmentId } = await client.createEnvironment());
}, WAIT_FOR_OTHERS_MS);
afterAll(async () => {
  await site
    .stop()
    .finally(() => removeOwnRegistry(engineUnderTest().docker))
    .finally(() => cluster.down());
  git.stop();
}, 300_000);

const nodesOf = async (id: string) => {
  const { containers } = await client.deployment(id);
  return containers.filter(({ status }) => status === 'RUNNING').map(({ node }) => node ?? '');
};

describe('three nodes', () => {
  let web: Deployment;

  it('must all be shown, and share the replicas of a deployment', async () => {
    const { nodes } = await client.ok<{ nodes: { hostname: string; state: string }[] }>('GET', '/nodes');
    expect(nodes.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
    web = await client.run({ environmentId, name: 'web', ...WEB_APPLICATION, replicas: 3 }, 120_000);
    await eventually(async () => {
      expect(new Set(await nodesOf(web.id))).toEqual(new Set(nodes.map(({ hostname }) => hostname)));
    }, 20_000);
    expect(web.node).toBeNull();
    await client.logs(web.id);
  });

  it('must run an image that was built on one of them, mount files on each, and keep volumes where they are', async () => {
    await git.create('shop', dockerApplication('built'));
    const shop = await client.runFromGit(
      { environmentId, name: 'shop', gitUrl: git.url('shop'), ports: [{ container: 80 }], replicas: 3 },
      180_000,
    );
    await eventually(
      async () => expect(new Set(await nodesOf(shop.id))).toEqual(new Set(await nodesOf(web.id))),
      20_000,
    );
    const files = [
      { path: '/etc/talker.conf', content: 'spoken\n' },
      { path: '/etc/talker.key', content: 'in secret', secret: true },
    ];
    const speak = sh(`echo $(cat /etc/talker.conf /etc/talker.key) on $(hostname); ${IDLE}`);
    const talking = { image: 'busybox', tag: '1.36', command: speak, files, replicas: 3 };
    const talker = await client.run({ environmentId, name: 'talker', ...talking }, 120_000);
    await eventually(async () => expect(new Set(await nodesOf(talker.id)).size).toBe(3), 20_000);
    expect((await client.logs(talker.id)).match(/spoken in secret on/g)).toHaveLength(3);
    const db = await client.run({
      environmentId,
      name: 'db',
      ...talking,
      replicas: 1,
      volumes: [{ name: 'd', path: '/d' }],
    });
    expect(await nodesOf(db.id)).toEqual([db.node]);
  });

  it('must keep sites up when one of them dies, and run elsewhere what it ran', async () => {
    await site.publish(client, environmentId, { domain });
    await site.secured(client, environmentId).catch(() => undefined); // there are two edges here
    await eventually(async () => expect((await site.https(domain)).status).toBe(200), 60_000);
    const load = new SteadyLoad({ port: site.httpsPort, domain, perSecond: 20, ca: site.root });
    const dead = (await nodesOf(web.id)).find((name) => name.startsWith('w1')) ?? 'w1';
    await cluster.cut(dead);
    const begin = Date.now();
    await eventually(async () => {
      const { nodes } = await client.ok<{ nodes: { hostname: string; state: string }[] }>('GET', '/nodes');
      expect(nodes.find(({ hostname }) => hostname === dead)?.state).toBe('down');
      const now = await nodesOf(web.id);
      expect(now).toHaveLength(3);
      expect(now).not.toContain(dead);
    }, ELSEWHERE_MS);
    const { requests, failed, errors, p99Ms } = await load.endPhase();
    await load.stop();
    tell(
      `${dead} died: all elsewhere after ${((Date.now() - begin) / 1000).toFixed(1)} s; ${requests} requests, ${failed} failed ${JSON.stringify(errors)}, p99 ${Math.round(p99Ms)} ms`,
    );
    expect(failed / requests).toBeLessThan(0.01);
    expect((await site.https(domain)).status).toBe(200);
  }, 240_000);
});

const tell = (line: string) => process.stdout.write(`${line}\n`);
