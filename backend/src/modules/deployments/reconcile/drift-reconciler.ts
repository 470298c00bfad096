import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Deployment, Environment } from '#src/generated/prisma/client.js';
import { type SwarmService, SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { EnvironmentNetwork } from '#src/modules/environments/environment-network.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { queueNameOf } from '#src/modules/deployments/domain/names.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';
import { releaseFrom } from '#src/modules/deployments/domain/release-from-row.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';

const DRIFT_CHECK_INTERVAL_MS = 30_000;
/** The pipeline still works on a release that has just become RUNNING or is being replaced. */
const SETTLED_MS = 10_000;
const PLANNED_MS = 20_000;

type Running = Deployment & { environment: Environment };

/**
 * Reconciles the services in the Engine with the rows: recreates a service that was removed by hand and corrects one
 * that was scaled by hand. Checks all of them at the start, every 30 s, and when the Engine is available after an
 * outage: it may be another Engine without any service. The repair is a job in the queue of the name, so that it never
 * runs beside a release of that name.
 */
@Injectable()
export class DriftReconciler implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(DriftReconciler.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly services: SwarmServices,
    private readonly running: RunningServices,
    private readonly start: ServiceStart,
    private readonly secrets: SecretBox,
    private readonly credentials: RegistryCredentials,
    private readonly jobs: JobQueue,
    private readonly worker: JobWorker,
    private readonly tasks: SwarmTasks,
    private readonly events: ContainerEvents,
    private readonly network: EnvironmentNetwork,
    private readonly volumes: ReleaseVolumes,
    private readonly placement: Placement,
  ) {}

  onModuleInit(): void {
    this.worker.register('deployment.repair', ({ deploymentId }, signal) => this.repair(deploymentId, signal));
  }

  onApplicationBootstrap(): void {
    this.events.onConnect(() => void this.checkDrift());
  }

  @Interval(DRIFT_CHECK_INTERVAL_MS)
  async checkDrift(): Promise<void> {
    await this.reconcile().catch((error: unknown) => this.logger.debug(`drift check failed: ${String(error)}`));
  }

  /** Adds a repair job. A changed replica count also reaches the Engine this way. */
  async plan(db: Db, { id, environmentId, name }: Pick<Deployment, 'id' | 'environmentId' | 'name'>): Promise<void> {
    const queueName = queueNameOf(environmentId, name);
    await this.jobs.add(db, 'deployment.repair', { deploymentId: id }, { key: `repair/${id}`, queueName });
  }

  private async reconcile(): Promise<void> {
    const services = await this.services.list({ [LABELS.deployment]: true });
    const replicas = new Map(services.map((service) => [service.labels[LABELS.deployment], service.replicas]));
    const rows = await this.prisma.deployment.findMany({
      where: { ...SETTLED, updatedAt: { lt: new Date(Date.now() - SETTLED_MS) } },
      select: { id: true, name: true, environmentId: true, replicas: true },
    });
    for (const row of rows) if (replicas.get(row.id) !== row.replicas) await this.plan(this.prisma, row);
  }

  private async repair(id: string, signal: AbortSignal): Promise<void> {
    const row = await this.prisma.deployment.findFirst({ where: { id, ...SETTLED }, include: { environment: true } });
    if (!row) return;
    const service = await this.running.find(id);
    if (service && service.replicas !== row.replicas) await this.services.scale(service, row.replicas);
    await this.syncReplicas(row, service ?? (await this.recreateService(row, signal)), signal);
  }

  private async recreateService(row: Running, signal: AbortSignal): Promise<Pick<SwarmService, 'id' | 'name'>> {
    this.logger.warn(`service of deployment ${row.name} (${row.id}) is missing: recreating it`);
    await this.network.ensure(row.environment);
    const place = await this.placement.of(row);
    await this.prisma.deployment.updateMany({ where: { id: row.id }, data: place });
    const release = releaseFrom({ ...row, ...place }, this.secrets);
    await this.volumes.ensure(release);
    const id = await this.start.create(release, this.credentials.of(row), signal);
    return { id, name: release.serviceName };
  }

  /** Writes one Container row for each replica that Swarm desires, with Swarm's slot number. */
  private async syncReplicas(
    { id: deploymentId, replicas }: Running,
    service: Pick<SwarmService, 'id' | 'name'>,
    signal: AbortSignal,
  ): Promise<void> {
    const slots = new Set<number>();
    const isPlanned = async () => {
      slots.clear();
      for (const { desired, slot } of await this.tasks.list({ serviceId: service.id }))
        if (desired === 'running') slots.add(slot);
      return slots.size === replicas;
    };
    await pollUntil(isPlanned, {
      withinMs: PLANNED_MS,
      everyMs: 100,
      signal,
      what: 'Swarm has not created the tasks of the replicas',
    });
    const own = { name: service.name, dockerServiceId: service.id };
    await this.prisma.transaction(async (db) => {
      await db.container.deleteMany({ where: { deploymentId, slot: { notIn: [...slots] } } });
      await db.container.updateMany({ where: { deploymentId }, data: own });
      const data = [...slots].map((slot) => ({ deploymentId, slot, ...own }));
      await db.container.createMany({ data, skipDuplicates: true });
    });
  }
}

/** RUNNING, and no deletion is requested. */
const SETTLED = {
  status: 'RUNNING',
  deleteRequestedAt: null,
  environment: { status: 'ACTIVE' },
} as const;
