import path from 'node:path';
import { runMigrations } from 'graphile-worker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Clock } from '#src/common/time/clock.js';
import { migrate } from '#src/core/database/migrator.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobSweep } from '#src/core/jobs/job-sweep.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { NeededDeploymentJobs } from '#src/modules/deployments/reconcile/needed-jobs.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { EnvironmentExpiry } from '#src/modules/environments/environment-expiry.js';
import { EnvironmentTeardown } from '#src/modules/environments/environment-teardown.js';
import { EnvironmentsRepository } from '#src/modules/environments/environments.repository.js';
import { NeededEnvironmentJobs } from '#src/modules/environments/needed-jobs.js';
import { NeededIngressJobs } from '#src/modules/ingress/needed-jobs.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { OwnPostgres } from '../scenario/own-postgres.js';

const IN_AN_HOUR = new Date(Date.now() + 3_600_000);
const unused = undefined as never;
const postgres = new OwnPostgres();
let prisma: PrismaService;
let states: DeploymentStatesRepository;
let sweep: JobSweep;

beforeAll(async () => {
  const connectionString = await postgres.start();
  await migrate(connectionString, path.resolve(import.meta.dirname, '../../prisma/migrations'));
  await runMigrations({ connectionString });
  prisma = new PrismaService({ connectionString });
  await prisma.user.create({ data: { id: 'user', telegramId: '1' } });
  sweep = new JobSweep(prisma);
  states = new DeploymentStatesRepository(prisma);
  const queue = new JobQueue();
  const environments = new EnvironmentsRepository(prisma);
  const teardown = new EnvironmentTeardown(environments, unused, unused, unused, unused, queue);
  const expiry = new EnvironmentExpiry(environments, teardown, queue, unused, unused, new Clock(), unused);
  const jobs = new DeploymentJobs(queue, new DeploymentsRepository(prisma), new Clock());
  new NeededDeploymentJobs(sweep, states, jobs).onModuleInit();
  new NeededEnvironmentJobs(sweep, environments, teardown, expiry).onModuleInit();
  new NeededIngressJobs(sweep, new SitesRepository(prisma, queue)).onModuleInit();
});
afterAll(async () => {
  await prisma.$disconnect();
  await postgres.stop();
});
beforeEach(() => prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`);

const environment = (id: string, data: object = {}) =>
  prisma.environment.create({
    data: { id, name: id, overlayNetworkId: id, userId: 'user', status: 'ACTIVE', ...data },
  });
const deployment = (id: string, data: object) =>
  prisma.deployment.create({
    data: { id, jobId: id, name: id, environmentId: 'live', image: 'i', tag: 't', resources: {}, ...data },
  });
const keys = async () => {
  const rows = await prisma.$queryRaw<{ key: string }[]>`SELECT key FROM graphile_worker.jobs WHERE key IS NOT NULL`;
  return rows.map(({ key }) => key).sort();
};

it('every row that needs a job must have it again after the queue is lost, and keep the one that it has', async () => {
  await environment('live', { expiresAt: IN_AN_HOUR });
  await environment('leaving', { status: 'DELETING' });
  await environment('gone', { status: 'DELETED', expiresAt: IN_AN_HOUR });
  await deployment('pending', {});
  await deployment('built', { status: 'PULLING_IMAGE', source: 'GIT' });
  await deployment('draining', {
    status: 'RUNNING',
    steps: { create: { name: 'RetirePrevious', position: 9 } },
  });
  await deployment('undone', { status: 'RUNNING', errorCode: 'CONTAINER_CRASHED' });
  await deployment('removed', { status: 'RUNNING', deleteRequestedAt: new Date(), deleteVolumes: true });
  await deployment('expiring', { status: 'RUNNING', expiresAt: IN_AN_HOUR });
  await deployment('settled', { status: 'RUNNING' });
  await deployment('ended', { status: 'FAILED', errorCode: 'CANCELLED', expiresAt: IN_AN_HOUR });
  const site = (domain: string, data: object) =>
    prisma.site.create({ data: { id: domain, domain, environmentId: 'live', ...data } });
  await site('served.example.com', { provenAt: new Date(), certificate: { create: {} } });
  await site('new.example.com', {});
  await site('left.example.com', { state: 'LEAVING', certificate: { create: {} } });
  await sweep.sweep();
  const all = [
    'certificate/served.example.com',
    'drain/draining',
    'drain/undone',
    'expire/expiring',
    'expire/live',
    'remove/removed',
    'run/built',
    'run/pending',
    'site/left.example.com',
    'site/new.example.com',
    'teardown/leaving',
  ];
  expect(await keys()).toEqual(all);
  await prisma.$executeRaw`UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE key = 'run/pending'`;
  await prisma.$executeRaw`UPDATE graphile_worker._private_jobs SET priority = 7 WHERE key = 'run/built'`;
  await sweep.sweep();
  expect(await keys()).toEqual(all);
  const jobs = await prisma.$queryRaw<{ key: string; attempts: number; priority: number; name: string }[]>`
    SELECT key, attempts::int, priority::int, task_identifier AS name FROM graphile_worker.jobs
    WHERE key IN ('run/pending', 'run/built') ORDER BY priority DESC`;
  expect(jobs).toEqual([
    { key: 'run/built', attempts: 0, priority: 7, name: 'deployment.build-and-run' },
    { key: 'run/pending', attempts: 0, priority: 0, name: 'deployment.run' },
  ]);
});

it('volumes of a stopped deployment of another name must count as used until it is deleted', async () => {
  const volumes = [{ name: 'data', path: '/data', readOnly: false }];
  await deployment('one', { status: 'STOPPED', volumes });
  await deployment('other', { status: 'STOPPED', volumes });
  await deployment('older-of-one', { name: 'one', createdAt: new Date(0), status: 'STOPPED', volumes });
  expect(await states.unsharedVolumes('one')).toEqual([]);
  await prisma.deployment.update({ where: { id: 'other' }, data: { deletedAt: new Date() } });
  expect(await states.unsharedVolumes('one')).toEqual(['berth_live_data']);
});
