import { Injectable } from '@nestjs/common';
import { Probe, type ProbeConfig } from '#src/modules/platform-services/probe.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Images } from '#src/integrations/docker/images.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { needsProbe, timingOf } from '#src/modules/deployments/domain/health-config.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { buildServiceSpec } from '#src/modules/deployments/domain/service-spec-builder.js';
import { ReleaseFiles } from './release-files.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Creates the Swarm services of a release, with its files. */
@Injectable()
export class ServiceStart {
  constructor(
    private readonly services: SwarmServices,
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly probe: Probe,
    private readonly files: ReleaseFiles,
  ) {}

  /** Returns the service's id. */
  async create(release: Release, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> {
    const [engine, image] = await Promise.all([this.engine.inspect(), this.images.find(release.image)]);
    const complete = { ...release, imageHealth: timingOf(image?.healthCheck) };
    const probe = needsProbe(complete) ? await this.probeFor(engine.arch) : undefined;
    return this.files.createWith(complete, signal, (mounted) => {
      signal.throwIfAborted();
      return this.services.create(buildServiceSpec(mounted, engine, probe), auth);
    });
  }

  private async probeFor(arch: string): Promise<ProbeConfig> {
    const probe = await this.probe.ensure(arch);
    if (probe) return probe;
    throw new StepFailure('INTERNAL', `There is no health probe for ${arch}: use healthCheck.command.`);
  }
}
