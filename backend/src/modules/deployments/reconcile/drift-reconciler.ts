import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { ContainersRepository } from '#src/modules/deployments/repositories/containers.repository.js';
import {
  DeploymentStatesRepository,
  type RunningDeployment,
} from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { type Observed, planRepair, type Repair } from './drift-plan.js';
import { ServiceRecreation } from './service-recreation.js';

const DRIFT_CHECK_INTERVAL_MS = 30_000;
/** The pipeline still works on a release that has just become RUNNING or is being replaced. */
const SETTLED_MS = 10_000;

/**
 * Reconciles the services in the Engine with the rows: observes both, plans a repair with its cause (`drift-plan.ts`),
 * and applies it. Checks all deployments at the start, every 30 s, and when the Engine is available after an outage: it
 * may be another Engine without any service. The repair is a job in the queue of the name, so that it never runs beside
 * a release of that name; it observes and plans again.
 */
@Injectable()
export class DriftReconciler implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(DriftReconciler.name);

  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly containers: ContainersRepository,
    private readonly services: RunningServices,
    private readonly recreation: ServiceRecreation,
    private readonly jobs: DeploymentJobs,
    private readonly worker: JobWorker,
    private readonly events: ContainerEvents,
  ) {}

  onModuleInit(): void {
    const handler = ({ deploymentId }: { deploymentId: string }, signal: AbortSignal) =>
      this.repair(deploymentId, signal);
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
    for (const row of await this.states.runningUnchanged(new Date(Date.now() - SETTLED_MS)))
      if (planRepair({ row, service: services.get(row.id) })) await this.jobs.repair(this.states.db, row);
  }

  private async repair(id: string, signal: AbortSignal): Promise<void> {
    const observed = await this.observe(id);
    if (!observed) return;
    const repair = planRepair(observed);
    const service = repair ? await this.apply(repair, observed.row, signal) : observed.service;
    if (!service) return;
    const slots = await this.services.slots(service.id, observed.row.replicas, signal);
    await this.containers.replaceSlots(id, slots, service);
  }

  /** Undefined when the deployment is not running or is being deleted. */
  private async observe(id: string): Promise<Observed<RunningDeployment> | undefined> {
    const row = await this.states.running(id);
    return row ? { row, service: await this.services.find(id) } : undefined;
  }

  /** Returns the service that the deployment has then. */
  private async apply(
    repair: Repair,
    row: RunningDeployment,
    signal: AbortSignal,
  ): Promise<{ id: string; name: string }> {
    const line = `${repair.action} ${row.name} (${row.id}): ${repair.cause}`;
    switch (repair.action) {
      case 'recreate':
        this.logger.warn(line);
        return this.recreation.run(row, signal);
      case 'scale':
        this.logger.log(line);
        await this.services.scale(repair.service, row.replicas);
        return repair.service;
    }
  }
}
