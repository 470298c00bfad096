import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { migrate } from '#src/core/database/migrator.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from '#src/core/database/worker-identity.js';
import { LeadingProcess } from '#src/core/jobs/leading-process.js';
import { ContainerStats } from '#src/integrations/docker/container-stats.js';
import { DockerClient } from '#src/integrations/docker/docker-client.js';
import { ContainerSampler } from '#src/modules/deployments/metrics/container-sampler.js';
import { ContainerSamplesRepository } from '#src/modules/deployments/repositories/container-samples.repository.js';
import { OwnPostgres } from '../scenario/own-postgres.js';
import { StatsEngine } from '../scenario/stats-engine.js';
import { eventually } from '../testbed/eventually.js';

const LOCK_KEY = 1;
const BEGIN = new Date('2026-01-31T12:00:00.000Z');
const postgres = new OwnPostgres();
let connectionString: string;
let prisma: PrismaService;
let repository: ContainerSamplesRepository;
let deploymentId: string;

beforeAll(async () => {
  connectionString = await postgres.start();
  await migrate(connectionString, path.resolve(import.meta.dirname, '../../prisma/migrations'));
  prisma = new PrismaService({ connectionString });
  repository = new ContainerSamplesRepository(prisma);
});
afterAll(async () => {
  await prisma.$disconnect();
  await postgres.stop();
});
beforeEach(async () => {
  await prisma.deployment.deleteMany();
  await prisma.environment.deleteMany();
  await prisma.user.deleteMany();
  const environment = { name: 'shop', overlayNetworkId: 'n', status: 'ACTIVE' } as const;
  const { id: userId } = await prisma.user.create({ data: { telegramId: '1' } });
  const { id: environmentId } = await prisma.environment.create({ data: { ...environment, userId } });
  const data = { jobId: 'j', name: 'web', environmentId, image: 'i', tag: 't', resources: {} };
  deploymentId = (await prisma.deployment.create({ data })).id;
});

interface Sample {
  second: number;
  cpuSeconds: number;
  memoryBytes?: number;
  rxBytes?: number;
  containerId?: string;
  startedSecond?: number;
}

function sample({ second, cpuSeconds, memoryBytes = 1, rxBytes = 0, containerId = 'c', startedSecond = 0 }: Sample) {
  const counters = { cpuSeconds, memoryBytes, rxBytes, txBytes: 2 * rxBytes };
  const startedAt = new Date(BEGIN.getTime() + startedSecond * 1000);
  const at = new Date(BEGIN.getTime() + second * 1000);
  return { deploymentId, containerId, replica: 1, startedAt, at, ...counters };
}

describe('samples of containers', () => {
  it('must become means of CPU, the highest memory and sums of bytes in each step', async () => {
    for (const one of [
      { second: 0, cpuSeconds: 100, memoryBytes: 9000 },
      { second: 15, cpuSeconds: 103, memoryBytes: 5000, rxBytes: 10 },
      { second: 29, cpuSeconds: 103, memoryBytes: 7000, rxBytes: 30 },
      { second: 45, cpuSeconds: 119, memoryBytes: 6000, rxBytes: 31 },
    ])
      await repository.append([sample(one)]);
    const at = (second: number) => new Date(BEGIN.getTime() + second * 1000);
    const first = { at: BEGIN, replica: 1, cpu: 3 / 29, memoryBytes: 7000, rxBytes: 30, txBytes: 60 };
    const second = { at: at(30), replica: 1, cpu: 1, memoryBytes: 6000, rxBytes: 1, txBytes: 2 };
    expect(await repository.points(deploymentId, BEGIN, 30)).toEqual([first, second]);
    expect(await repository.points(deploymentId, at(30), 30)).toEqual([second]);
    expect(await prisma.containerSamples.count()).toBe(1);
  });

  it('must count from the previous row of ten minutes on, and a container that restarted from its own start', async () => {
    await repository.append([sample({ second: 590, cpuSeconds: 50, rxBytes: 1000 })]);
    await repository.append([sample({ second: 600, cpuSeconds: 55, rxBytes: 1001 })]);
    const next = { containerId: 'd', startedSecond: 605 };
    await repository.append([sample({ second: 610, cpuSeconds: 1, rxBytes: 5, ...next })]);
    await repository.append([sample({ second: 620, cpuSeconds: 2, rxBytes: 7, ...next })]);
    const since = new Date(BEGIN.getTime() + 600_000);
    const points = await repository.points(deploymentId, since, 60);
    expect(points).toMatchObject([{ at: since, replica: 1, cpu: 0.3, rxBytes: 3 }]);
    expect(await repository.restarts(deploymentId, since)).toEqual([
      { at: new Date(BEGIN.getTime() + 605_000), replica: 1 },
    ]);
    expect(await prisma.containerSamples.count()).toBe(3);
  });

  it('must not change by a second process that sampled the same, or by a deployment that is gone', async () => {
    const gone = { ...sample({ second: 0, cpuSeconds: 1 }), deploymentId: 'gone' };
    await repository.append([sample({ second: 1, cpuSeconds: 1 }), gone]);
    await repository.append([sample({ second: 11, cpuSeconds: 6 })]);
    await repository.append([sample({ second: 6, cpuSeconds: 3.5 })]);
    expect(await repository.points(deploymentId, BEGIN, 60)).toMatchObject([{ cpu: 0.5 }]);
    expect(await prisma.containerSamples.count()).toBe(1);
  });

  it('must be deleted after a day, and with their deployment', async () => {
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    for (const at of [hoursAgo(25), hoursAgo(23)])
      await repository.append([{ ...sample({ second: 0, cpuSeconds: 1 }), at }]);
    await repository.prune();
    expect(await prisma.containerSamples.count()).toBe(1);
    await prisma.deployment.delete({ where: { id: deploymentId } });
    expect(await prisma.containerSamples.count()).toBe(0);
  });
});

describe('the sampler', () => {
  const engine = new StatsEngine();
  const locks: PgNotifications[] = [];

  beforeAll(() => engine.start());
  afterAll(async () => {
    await engine.stop();
    await Promise.all(locks.map((lock) => lock.close()));
  });

  async function holdLock(key: number): Promise<PgNotifications> {
    const lock = new PgNotifications(connectionString, { class: WORKER_LOCK_CLASS, key });
    await lock.open();
    locks.push(lock);
    return lock;
  }

  function samplerOf(key: number, intervalSeconds: number): ContainerSampler {
    const env = { DOCKER_HOST: engine.dockerHost, METRICS_SAMPLE_SECONDS: String(intervalSeconds) };
    const config = Config.load(env, '/no/such/file');
    const leader = new LeadingProcess(prisma, new WorkerIdentity(key));
    return new ContainerSampler(new ContainerStats(new DockerClient(config)), repository, leader, config);
  }

  it('must be one process: the oldest that is alive', async () => {
    const other = LOCK_KEY + 1;
    await prisma.workerLease.create({ data: { lockKey: other + 1, workerIds: [] } });
    await prisma.workerLease.create({ data: { lockKey: other, workerIds: [] } });
    await prisma.workerLease.create({ data: { lockKey: LOCK_KEY, workerIds: [] } });
    const oldest = await holdLock(other);
    await holdLock(LOCK_KEY);
    const leads = async (key: number) => new LeadingProcess(prisma, new WorkerIdentity(key)).isThisProcess();
    expect([await leads(other), await leads(LOCK_KEY)]).toEqual([true, false]);
    engine.containersOf(deploymentId, 1);
    await samplerOf(LOCK_KEY, 1).sample();
    expect(engine.requests).toBe(0);
    await oldest.close();
    await eventually(async () => expect(await leads(LOCK_KEY)).toBe(true), 5000);
  });

  it('must take less than 2 % of a core for 100 containers, the Engine of this test included', async () => {
    engine.containersOf(deploymentId, 100);
    const sampler = samplerOf(LOCK_KEY, 1);
    const costs: number[] = [];
    for (let round = 0; round < 5; round++) {
      const before = process.cpuUsage();
      await sampler.sample();
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1000);
    }
    console.info(`CPU of a round over 100 containers: ${costs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    // Of 15 s. The first rounds are not compiled yet, and other programs slow one down.
    expect(Math.min(...costs)).toBeLessThan(300);
    const rows = await prisma.containerSamples.findMany();
    expect(new Set(rows.map(({ replica }) => replica)).size).toBe(100);
    expect(rows.flatMap(({ cpuSeconds }) => cpuSeconds)).toHaveLength(500);
  });

  it('must store the others when a container hangs, and end a round early while the Engine fails', async () => {
    engine.containersOf(deploymentId, 8);
    engine.failing = (index) => index === 2;
    await samplerOf(LOCK_KEY, 4).sample();
    expect(await prisma.containerSamples.count()).toBe(7);
    engine.failing = () => true;
    engine.requests = 0;
    await samplerOf(LOCK_KEY, 4).sample();
    expect(engine.requests).toBeLessThan(6);
    await engine.stop();
    await expect(samplerOf(LOCK_KEY, 1).sample()).rejects.toThrow('does not answer');
  });
});
