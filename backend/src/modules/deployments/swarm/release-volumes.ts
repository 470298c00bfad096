import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { volumeName } from '#src/modules/deployments/domain/names.js';
import type { Release, VolumeMount } from '#src/modules/deployments/domain/release.js';
import { VolumeOwners } from './volume-owners.js';

const REMOVAL_TIMEOUT_MS = 15_000;

/** Creates and removes the volumes of a release on the engine's machine. */
@Injectable()
export class ReleaseVolumes {
  constructor(
    private readonly volumes: Volumes,
    private readonly owners: VolumeOwners,
  ) {}

  /** Creates the missing volumes, and gives those that this release has created to the image's user. */
  async ensure(release: Release): Promise<void> {
    const own: VolumeMount[] = [];
    for (const volume of release.volumes) if (await this.create(release, volume.name)) own.push(volume);
    if (own.length > 0) await this.owners.prepare(release, own);
  }

  /** As `ensure`, for a release that has run: what it has created already is left as it is. */
  async ensureMissing(release: Release): Promise<void> {
    const missing: VolumeMount[] = [];
    for (const volume of release.volumes)
      if (!(await this.volumes.find(volumeName(release.environmentId, volume.name)))) missing.push(volume);
    await this.ensure({ ...release, volumes: missing });
  }

  /** True when the volume is this release's: it did not exist, or an attempt that a crash has ended created it. */
  private async create({ environmentId, deploymentId, name }: Release, volume: string): Promise<boolean> {
    const fullName = volumeName(environmentId, volume);
    const existing = await this.volumes.find(fullName);
    if (existing) return existing.labels[LABELS.createdBy] === deploymentId;
    await this.volumes.create(fullName, {
      [LABELS.managed]: 'true',
      [LABELS.environment]: environmentId,
      [LABELS.name]: name,
      [LABELS.createdBy]: deploymentId,
    });
    return true;
  }

  /** Removes the volumes that the deployment created. A volume that another deployment mounts now is retained. */
  async removeCreatedBy(
    { deploymentId, serviceName }: Pick<Release, 'deploymentId' | 'serviceName'>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.owners.undo(serviceName);
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
