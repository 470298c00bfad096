import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { releaseFrom } from '#src/modules/deployments/domain/release-from-row.js';
import {
  DeploymentStatesRepository,
  type RunningDeployment,
} from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';
import { EnvironmentNetwork } from '#src/modules/environments/environment-network.js';

/** Creates the service of a running deployment again, and what it needs: the Engine may be another one. */
@Injectable()
export class ServiceRecreation {
  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly network: EnvironmentNetwork,
    private readonly placement: Placement,
    private readonly volumes: ReleaseVolumes,
    private readonly secrets: SecretBox,
    private readonly credentials: RegistryCredentials,
    private readonly start: ServiceStart,
  ) {}

  async run(row: RunningDeployment, signal: AbortSignal): Promise<{ id: string; name: string }> {
    await this.network.ensure(row.environment);
    const place = await this.placement.of(row);
    await this.states.place(row.id, place);
    const release = releaseFrom({ ...row, ...place }, this.secrets);
    await this.volumes.ensure(release);
    const id = await this.start.create(release, this.credentials.of(row), signal);
    return { id, name: release.serviceName };
  }
}
