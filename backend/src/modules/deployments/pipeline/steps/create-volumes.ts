import { Injectable } from '@nestjs/common';
import { eventually } from '../../../../common/time/eventually.js';
import { Volumes } from '../../../../integrations/docker/volumes.js';
import type { DeployStep, StepContext } from '../deploy-step.js';
import { LABELS } from '../../../../common/labels.js';
import { volumeName } from '../../release/names.js';

const REMOVAL_MS = 15_000;

/** The volumes that the service mounts; those that are there stay as they are. */
@Injectable()
export class CreateVolumes implements DeployStep {
  readonly name = 'CreateVolumes';
  readonly status = 'CREATING_VOLUMES';

  constructor(private readonly volumes: Volumes) {}

  async run(context: StepContext): Promise<void> {
    const { volumes, environmentId, deploymentId, name: deploymentName } = context.release();
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

  /** Those that this attempt made. One that another deployment mounts by now is kept. */
  async undo({ deployment, signal }: StepContext): Promise<void> {
    for (const { name } of await this.volumes.list({ [LABELS.createdBy]: deployment.id })) {
      await eventually(() => this.volumes.tryRemove(name), {
        withinMs: REMOVAL_MS,
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
