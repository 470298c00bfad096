import { Injectable } from '@nestjs/common';
import { Probe, type ProbeConfig } from '../../../../core/probe/probe.js';
import { Engine } from '../../../../integrations/docker/engine.js';
import { Images } from '../../../../integrations/docker/images.js';
import { SwarmServices } from '../../../../integrations/docker/swarm-services.js';
import { needsProbe } from '../../release/health-config.js';
import { buildServiceSpec } from '../../release/service-spec-builder.js';
import type { DeployStep, StepContext } from '../deploy-step.js';
import { RunningServices } from '../running-services.js';
import { StartGate } from '../start-gate.js';
import { StepFailure } from '../step-failure.js';

/** One deployment, one Swarm service. Its label with the deployment's id makes a second one impossible. */
@Injectable()
export class StartService implements DeployStep {
  readonly name = 'StartService';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly services: SwarmServices,
    private readonly running: RunningServices,
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly probe: Probe,
    private readonly gate: StartGate,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    await this.gate.enter(deployment.id, signal);
    const serviceId = (await this.running.find(deployment.id))?.id ?? (await this.create(context));
    const { serviceName, replicas } = context.release();
    const slots = Array.from({ length: replicas }, (_, index) => ({
      deploymentId: deployment.id,
      slot: index + 1,
      name: serviceName,
      dockerServiceId: serviceId,
    }));
    await context.save({}, async (db) => {
      await db.container.createMany({ data: slots, skipDuplicates: true });
    });
  }

  /** The last words of its containers are kept. */
  async undo({ deployment, signal }: StepContext): Promise<void> {
    this.gate.leave(deployment.id);
    await this.running.remove(deployment.id, signal);
  }

  private async create(context: StepContext): Promise<string> {
    const release = context.release();
    const [engine, image] = await Promise.all([this.engine.inspect(), this.images.find(release.image)]);
    const complete = { ...release, imageHasHealthCheck: image?.hasHealthCheck ?? false };
    const probe = needsProbe(complete) ? await this.probeFor(engine.arch) : undefined;
    context.signal.throwIfAborted();
    return this.services.create(buildServiceSpec(complete, engine, probe), context.registryAuth());
  }

  private async probeFor(arch: string): Promise<ProbeConfig> {
    const probe = await this.probe.ensure(arch);
    if (probe) return probe;
    throw new StepFailure('INTERNAL', `There is no health probe for ${arch}: use healthCheck.command.`);
  }
}
