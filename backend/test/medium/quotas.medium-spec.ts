import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Audit } from '#src/core/audit/audit.js';
import { migrate } from '#src/core/database/migrator.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { JobQueue } from '#src/core/jobs/job-queue.js';
import type { PgNotifications } from '#src/core/database/pg-notifications.js';
import type { DeploymentStatus, RunStatus } from '#src/generated/prisma/client.js';
import { ApiKeysRepository } from '#src/modules/auth/api-keys.repository.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { FileContentsRepository } from '#src/modules/deployments/repositories/file-contents.repository.js';
import { RetentionRepository } from '#src/modules/deployments/repositories/retention.repository.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { RunsRepository } from '#src/modules/runs/runs.repository.js';
import { OwnPostgres } from '../scenario/own-postgres.js';

const DAY_MS = 86_400_000;
const postgres = new OwnPostgres();
const jobs = { add: () => Promise.resolve() } as unknown as JobQueue;
const silent = { publish: () => Promise.resolve() } as unknown as PgNotifications;
let prisma: PrismaService;
let userId: string;
let environmentId: string;
let created = 0;

beforeAll(async () => {
  const connectionString = await postgres.start();
  await migrate(connectionString, path.resolve(import.meta.dirname, '../../prisma/migrations'));
  prisma = new PrismaService({ connectionString });
});
beforeEach(async () => {
  const user = await prisma.user.create({ data: { telegramId: String(++created) } });
  userId = user.id;
  environmentId = await environment();
});
afterAll(async () => {
  await prisma.$disconnect();
  await postgres.stop();
});

async function environment(owner = userId): Promise<string> {
  const data = { name: `e${++created}`, overlayNetworkId: `n${created}`, userId: owner, status: 'ACTIVE' } as const;
  return (await prisma.environment.create({ data })).id;
}

interface Row {
  name: string;
  status: DeploymentStatus;
  replicas?: number;
  ports?: object[];
  daysAgo?: number;
}

async function deployment({ name, status, replicas = 1, ports = [], daysAgo = 0 }: Row): Promise<string> {
  const at = new Date(Date.now() - daysAgo * DAY_MS + ++created);
  const data = { jobId: `j${created}`, name, environmentId, status, image: 'i', tag: 't', replicas, ports };
  const resources = { cpus: 0.5, memoryMb: 100, pids: 10 };
  return (await prisma.deployment.create({ data: { ...data, resources, createdAt: at, completedAt: at } })).id;
}

describe('what the live deployments of a user may use', () => {
  it('must be summed over replicas, environments and names, and not over releases of one name', async () => {
    const published = [
      { container: 80, protocol: 'tcp', host: 8080 + created },
      { container: 81, protocol: 'tcp' },
    ];
    await deployment({ name: 'web', status: 'RUNNING', replicas: 3 });
    await deployment({ name: 'web', status: 'PENDING', replicas: 2 });
    await deployment({ name: 'db', status: 'STARTING_CONTAINERS', ports: published });
    await deployment({ name: 'old', status: 'STOPPED', replicas: 20 });
    const first = environmentId;
    environmentId = await environment();
    await deployment({ name: 'web', status: 'RUNNING' });
    const repository = new DeploymentsRepository(prisma);
    const used = (name: string, of = first) =>
      repository.transaction((db) => repository.usedBy(db, userId, { except: { environmentId: of, name }, runs: 2 }));
    expect(await used('new')).toEqual({ cpus: 2.5, memoryMb: 500, pids: 50, hostPorts: 1 });
    expect(await used('web')).toEqual({ cpus: 1, memoryMb: 200, pids: 20, hostPorts: 1 });
    const other = await prisma.user.create({ data: { telegramId: String(++created) } });
    const none = repository.transaction((db) =>
      repository.usedBy(db, other.id, { except: { environmentId: first, name: 'x' }, runs: 2 }),
    );
    expect(await none).toEqual({ cpus: 0, memoryMb: 0, pids: 0, hostPorts: 0 });
  });
});

describe('runs of a user', () => {
  const run = (deploymentId: string, status: RunStatus, more: object = {}) => {
    const data = { jobId: `r${++created}`, environmentId, deploymentId, name: 'web', command: ['true'], status };
    const resources = { cpus: 0.5, memoryMb: 100, pids: 10 };
    return prisma.run.create({ data: { ...data, timeoutSeconds: 60, resources, ...more } });
  };

  it('must count with their resources until they end, as many as may execute at once', async () => {
    const web = await deployment({ name: 'web', status: 'RUNNING' });
    await run(web, 'RUNNING');
    await run(web, 'PENDING', { resources: { cpus: 1, memoryMb: 50, pids: 10 } });
    await run(web, 'PENDING');
    await run(web, 'SUCCEEDED', { resources: { cpus: 9, memoryMb: 900, pids: 90 } });
    const repository = new DeploymentsRepository(prisma);
    const used = (runs: number) => repository.transaction((db) => repository.usedBy(db, userId, { runs }));
    expect(await used(0)).toEqual({ cpus: 0.5, memoryMb: 100, pids: 10, hostPorts: 0 });
    expect(await used(2)).toEqual({ cpus: 2, memoryMb: 300, pids: 30, hostPorts: 0 });
    expect(await used(9)).toEqual({ cpus: 2.5, memoryMb: 350, pids: 40, hostPorts: 0 });
  });

  it('must keep their release until they end, and go with it', async () => {
    const [used, unused] = [
      await deployment({ name: 'a', status: 'STOPPED', daysAgo: 3 }),
      await deployment({ name: 'a', status: 'STOPPED', daysAgo: 2 }),
    ];
    const { id } = await run(used, 'RUNNING');
    await run(unused, 'FAILED');
    const retention = new RetentionRepository(prisma);
    await retention.deleteDeploymentsAbove(0);
    expect(await prisma.deployment.findMany({ where: { environmentId }, select: { id: true } })).toEqual([
      { id: used },
    ]);
    expect(await prisma.run.findMany({ where: { environmentId }, select: { id: true } })).toEqual([{ id }]);
  });

  it('must be kept, the last fifty of a name', async () => {
    const web = await deployment({ name: 'web', status: 'RUNNING' });
    const at = (second: number) => ({ createdAt: new Date(1e12 + second * 1000) });
    for (let index = 0; index < 52; index++) await run(web, index === 0 ? 'RUNNING' : 'FAILED', at(index));
    const other = await run(web, 'FAILED', { ...at(0), name: 'other' });
    const runs = new RunsRepository(prisma, silent);
    await runs.prune(runs.db, environmentId, 'web');
    const left = await prisma.run.findMany({ where: { environmentId }, orderBy: { createdAt: 'asc' } });
    expect(left).toHaveLength(52);
    expect(left.map(({ id }) => id)).toContain(other.id);
    expect(left.filter(({ status, name }) => name === 'web' && status === 'RUNNING')).toHaveLength(1);
  });

  it('must begin at most once, whichever attempts there are', async () => {
    const web = await deployment({ name: 'web', status: 'RUNNING' });
    const { id } = await run(web, 'PENDING');
    const runs = new RunsRepository(prisma, silent);
    const claims = [await runs.claim(id), await runs.claim(id)];
    const begun = await Promise.all(claims.map(async (claim) => claim && (await runs.begin(claim, 9))));
    expect(begun).toEqual([false, true]);
    const third = await runs.claim(id);
    expect(third?.begunAt).not.toBeNull();
    expect(third && (await runs.begin(third, 9))).toBe(false);
    const cancelled = await run(web, 'PENDING');
    const claim = await runs.claim(cancelled.id);
    await runs.cancel(runs.db, { id: cancelled.id });
    expect(claim && (await runs.begin(claim, 9))).toBe(false);
    expect(await runs.claim(cancelled.id)).toBeUndefined();
  });

  it('must not begin above the limit of their user, however many workers begin them', async () => {
    const web = await deployment({ name: 'web', status: 'RUNNING' });
    const runs = new RunsRepository(prisma, silent);
    await run(web, 'RUNNING');
    const pending = [await run(web, 'PENDING'), await run(web, 'PENDING'), await run(web, 'PENDING')];
    const begun = await Promise.allSettled(
      pending.map(async ({ id }) => {
        const claim = await runs.claim(id);
        return claim && runs.begin(claim, 2);
      }),
    );
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await prisma.run.count({ where: { environmentId, status: 'RUNNING' } })).toBe(2);
  });
});

describe('stored logs', () => {
  const log = (deploymentId: string, content = 'x', part = 0) =>
    prisma.deploymentLog.create({
      data: { deploymentId, kind: 'BUILD', content, part, createdAt: new Date(Date.now() + ++created) },
    });
  const left = async () =>
    (
      await prisma.deploymentLog.findMany({ where: { deployment: { environmentId } }, orderBy: { createdAt: 'asc' } })
    ).map(({ deploymentId }) => deploymentId);

  it('must go with age and with newer releases of the name, and never while the deployment is live', async () => {
    const live = await deployment({ name: 'web', status: 'RUNNING', daysAgo: 100 });
    const aged = await deployment({ name: 'web', status: 'STOPPED', daysAgo: 40 });
    const recent = await deployment({ name: 'web', status: 'STOPPED', daysAgo: 20 });
    const newer = await deployment({ name: 'web', status: 'FAILED' });
    for (const id of [live, aged, recent, newer]) await log(id);
    const retention = new RetentionRepository(prisma);
    await retention.deleteOldLogs({ days: 30, releases: 10 });
    expect(await left()).toEqual([live, recent, newer]);
    await retention.deleteOldLogs({ days: 30, releases: 1 });
    expect(await left()).toEqual([live, newer]);
  });

  it('must go, the oldest first, when a user has too many bytes of them', async () => {
    const incompressible = () => Buffer.from(crypto.getRandomValues(new Uint8Array(8000))).toString('base64');
    const [first, second, third] = [
      await deployment({ name: 'a', status: 'FAILED' }),
      await deployment({ name: 'b', status: 'RUNNING' }),
      await deployment({ name: 'c', status: 'STOPPED' }),
    ];
    for (const id of [first, second, third]) await log(id, incompressible());
    await new RetentionRepository(prisma).deleteLogsAbove(12_000);
    expect(await left()).toEqual([second, third]);
  });

  it('ended deployments above a number must go, the oldest first', async () => {
    const live = await deployment({ name: 'a', status: 'RUNNING', daysAgo: 9 });
    await deployment({ name: 'a', status: 'STOPPED', daysAgo: 2 });
    const newest = await deployment({ name: 'a', status: 'FAILED', daysAgo: 1 });
    await new RetentionRepository(prisma).deleteDeploymentsAbove(1);
    const rows = await prisma.deployment.findMany({ where: { environmentId }, orderBy: { createdAt: 'asc' } });
    expect(rows.map(({ id }) => id)).toEqual([live, newest]);
  });
});

describe('stored contents of files', () => {
  const content = (contentId: string, mounts = 0, minutesAgo = 60) =>
    prisma.fileContent.create({
      data: {
        environmentId,
        contentId,
        sealed: 'x',
        sizeBytes: 1,
        mounts,
        usedAt: new Date(Date.now() - minutesAgo * 60_000),
      },
    });
  const release = async (status: DeploymentStatus, contentId: string) => {
    const id = await deployment({ name: 'web', status });
    await prisma.deployment.update({ where: { id }, data: { files: [{ contentId }] } });
  };
  const left = async () =>
    (await prisma.fileContent.findMany({ where: { environmentId } })).map(({ contentId }) => contentId).toSorted();

  it('must stay for live releases and the last that ran, however often the name has failed since', async () => {
    const repository = new FileContentsRepository(prisma);
    await release('RUNNING', 'live');
    for (const id of ['old', 'ran-1', 'ran-2']) await release('STOPPED', id);
    for (const id of ['failed-1', 'failed-2', 'failed-3']) await release('FAILED', id);
    for (const id of ['live', 'old', 'ran-1', 'ran-2', 'failed-1', 'failed-2', 'failed-3']) await content(id);
    await content('mounted', 1);
    await content('new', 0, 1);
    await repository.prune(2);
    expect(await left()).toEqual(['failed-2', 'failed-3', 'live', 'mounted', 'new', 'ran-1', 'ran-2']);
    await prisma.environment.update({ where: { id: environmentId }, data: { status: 'DELETED' } });
    await repository.prune(2);
    expect(await left()).toEqual(['live', 'mounted', 'new']);
  });

  it('must be unused in Swarm when no live release has them, unless one begins to mount them', async () => {
    const repository = new FileContentsRepository(prisma);
    await release('PENDING', 'live');
    await release('STOPPED', 'stopped');
    for (const id of ['live', 'stopped']) await content(id, 1);
    await content('never-mounted');
    const [unused, ...others] = await repository.unused(environmentId);
    expect([unused, others]).toEqual([{ environmentId, contentId: 'stopped', mounts: 1 }, []]);
    if (!unused) return;
    await repository.willMount(environmentId, ['stopped']);
    expect(await repository.unmounted(unused)).toBe(false);
    expect(await repository.unmounted({ ...unused, mounts: 2 })).toBe(true);
    expect(await repository.unused(environmentId)).toEqual([]);
  });
});

it('audit events must go after their retention', async () => {
  const at = (days: number) => new Date(Date.now() - days * DAY_MS);
  const events = [1, 80, 100].map((days) => ({ action: 'key.created', userId, createdAt: at(days) }));
  await prisma.auditEvent.createMany({ data: events });
  await new Audit(prisma).deleteOlderThan(90);
  expect(await prisma.auditEvent.count({ where: { userId } })).toBe(2);
});

it('active keys must be counted, and not revoked or expired ones', async () => {
  const key = (columns: object) => ({ keyId: `k${++created}`, secretHash: 'h', userId, ...columns });
  const past = new Date(Date.now() - DAY_MS);
  await prisma.apiKey.createMany({ data: [key({}), key({}), key({ revokedAt: past }), key({ expiresAt: past })] });
  const keys = new ApiKeysRepository(prisma);
  expect(await keys.transaction((db) => keys.countActive(db, userId, new Date()))).toBe(2);
});

describe('public names', () => {
  const target = { name: null, port: null };
  const domain = () => `d${++created}.example.com`;
  const states = async () =>
    Object.fromEntries(
      (await prisma.site.findMany({ where: { environmentId } })).map(({ domain: name, state }) => [name, state]),
    );

  it('a new claim must replace the one that waits, and not the one that serves', async () => {
    const sites = new SitesRepository(prisma, jobs);
    const [serving, waiting, wanted] = [domain(), domain(), domain()];
    const claim = (name: string) =>
      sites.transaction(async (db) => {
        await sites.claim(db, environmentId, name, target);
        await sites.releaseUnproven(db, environmentId, name, true);
      });
    await claim(serving);
    await prisma.site.update({ where: { domain: serving }, data: { reachedAt: new Date(), provenAt: new Date() } });
    await claim(waiting);
    await prisma.site.update({ where: { domain: waiting }, data: { provenAt: new Date() } }); // its edge answers
    expect(await states()).toEqual({ [serving]: 'SERVED', [waiting]: 'SERVED' });
    await claim(wanted);
    expect(await states()).toEqual({ [serving]: 'SERVED', [waiting]: 'LEAVING', [wanted]: 'SERVED' });
    await claim(wanted);
    expect(await states()).toEqual({ [serving]: 'SERVED', [waiting]: 'LEAVING', [wanted]: 'SERVED' });
  });

  it('must be limited per user, with those that are being removed, except one that the user has', async () => {
    const sites = new SitesRepository(prisma, jobs);
    const other = await environment();
    const [mine, leaving] = [domain(), domain()];
    await prisma.site.create({ data: { domain: mine, environmentId } });
    await prisma.site.create({ data: { domain: leaving, environmentId: other, state: 'LEAVING' } });
    const check = (name: string, max: number) =>
      sites.transaction((db) => sites.refuseAboveQuota(db, userId, name, max));
    await expect(check(domain(), 2)).rejects.toMatchObject({ code: 'DOMAIN_QUOTA_EXCEEDED' });
    await expect(check(domain(), 3)).resolves.toBeUndefined();
    await expect(check(mine, 2)).resolves.toBeUndefined();
  });
});
