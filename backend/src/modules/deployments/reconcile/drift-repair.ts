import { Injectable, Logger } from '@nestjs/common';
import { ContainersRepository } from '#src/modules/deployments/repositories/containers.repository.js';
import {
  DeploymentStatesRepository,
  type RunningDeployment,
} from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { type Observed, planRepair, type Repair } from './drift-plan.js';
import { LostImages } from './lost-images.js';
import { ServiceRecreation } from './service-recreation.js';

/** Applies the repair of one deployment. It observes and plans again, because the job may have waited. */
@Injectable()
export class DriftRepair {
  private readonly logger = new Logger(DriftRepair.name);

  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly containers: ContainersRepository,
    private readonly services: RunningServices,
    private readonly recreation: ServiceRecreation,
    private readonly lostImages: LostImages,
  ) {}

  async run(id: string, signal: AbortSignal): Promise<void> {
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
    if (!row) return undefined;
    const [service, lost] = await Promise.all([this.services.find(id), this.lostImages.among([row])]);
    return { row, service, isImageLost: lost.has(id) };
  }

  /** Returns the service that the deployment has then. */
  private async apply(
    repair: Repair,
    row: RunningDeployment,
    signal: AbortSignal,
  ): Promise<{ id: string; name: string } | undefined> {
    const line = `${repair.action} ${row.name} (${row.id}): ${repair.cause}`;
    switch (repair.action) {
      case 'recreate':
        this.logger.warn(line);
        return this.recreation.run(row, signal);
      case 'scale':
        this.logger.log(line);
        await this.services.scale(repair.service, row.replicas);
        return repair.service;
      case 'fail':
        this.logger.warn(line);
        await this.lostImages.fail(row, signal);
        return undefined;
    }
  }
}
