import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { planRepair } from './drift-plan.js';
import { DriftRepair } from './drift-repair.js';
import { LostImages } from './lost-images.js';

const DRIFT_CHECK_INTERVAL_MS = 30_000;
/** The pipeline still works on a release that has just become RUNNING or is being replaced. */
const SETTLED_MS = 10_000;

/**
 * Reconciles the services in the Engine with the rows: observes both, plans a repair with its cause (`drift-plan.ts`),
 * which `drift-repair.ts` applies. Checks all deployments at the start, every 30 s, and when the Engine is available after an outage: it
 * may be another Engine without any service. The repair is a job in the queue of the name, so that it never runs beside
 * a release of that name; it observes and plans again.
 */
@Injectable()
export class DriftReconciler implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(DriftReconciler.name);

  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly services: RunningServices,
    private readonly lostImages: LostImages,
    private readonly repair: DriftRepair,
    private readonly jobs: DeploymentJobs,
    private readonly worker: JobWorker,
    private readonly events: ContainerEvents,
  ) {}

  onModuleInit(): void {
    const handler = ({ deploymentId }: { deploymentId: string }, signal: AbortSignal) =>
      this.repair.run(deploymentId, signal);
    this.worker.register('deployment.repair', handler, 'releases');
  }

  onApplicationBootstrap(): void {
    this.events.onConnect(() => void this.checkDrift());
  }

  @Interval(DRIFT_CHECK_INTERVAL_MS)
  async checkDrift(): Promise<void> {
    await this.enqueueRepairs().catch((error: unknown) => this.logger.debug(`drift check failed: ${String(error)}`));
  }

  private async enqueueRepairs(): Promise<void> {
    const services = await this.services.all();
    const rows = await this.states.runningUnchanged(new Date(Date.now() - SETTLED_MS));
    const lost = await this.lostImages.among(rows);
    for (const row of rows) {
      const observed = { row, service: services.get(row.id), isImageLost: lost.has(row.id) };
      if (planRepair(observed)) await this.jobs.repair(this.states.db, row);
    }
  }
}
