import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { volumeName } from '#src/modules/deployments/domain/names.js';
import type { Release } from '#src/modules/deployments/domain/release.js';

const REMOVAL_TIMEOUT_MS = 15_000;

/** Creates and removes the volumes of a release on the engine's machine. */
@Injectable()
export class ReleaseVolumes {
  constructor(private readonly volumes: Volumes) {}

  async ensure({ volumes, environmentId, deploymentId, name: deploymentName }: Release): Promise<void> {
    for (const { name } of volumes) {
      const volume = volumeName(environmentId, name);
      if (await this.volumes.find(volume)) continue;
      const labels = {
        [LABELS.managed]: 'true',
        [LABELS.environment]: environmentId,
        [LABELS.name]: deploymentName,
        [LABELS.createdBy]: deploymentId,
      };
      await this.volumes.create(volume, labels);
    }
  }

  /** Removes the volumes that the deployment created. A volume that another deployment mounts now is retained. */
  async removeCreatedBy(deploymentId: string, signal: AbortSignal): Promise<void> {
    for (const { name } of await this.volumes.list({ [LABELS.createdBy]: deploymentId })) {
      await pollUntil(() => this.volumes.tryRemove(name), {
        withinMs: REMOVAL_TIMEOUT_MS,
        everyMs: 200,
        signal,
        what: `volume ${name} is in use`,
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        if (!(error instanceof Error && error.message.includes('is in use'))) throw error;
      });
    }
  }
}
