import { Injectable, Logger } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { ContainerFiles } from '#src/integrations/docker/container-files.js';
import { DockerError } from '#src/integrations/docker/docker-error.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Images } from '#src/integrations/docker/images.js';
import { userIdsOf } from '#src/modules/deployments/domain/image-user.js';
import { volumeName, volumeSetupName } from '#src/modules/deployments/domain/names.js';
import type { Release, VolumeMount } from '#src/modules/deployments/domain/release.js';

const FOLDERS = '/berth-volumes';

/**
 * Gives a new volume to the user that the image runs as. When the image has the folder, the Engine copies its content
 * and owner at the first mount, and nothing is to do here. The container that this takes never runs, so that it works
 * with every image.
 */
@Injectable()
export class VolumeOwners {
  private readonly logger = new Logger(VolumeOwners.name);

  constructor(
    private readonly files: ContainerFiles,
    private readonly images: Images,
    private readonly engine: Engine,
  ) {}

  /** `volumes` are those that the release has created. Does nothing for volumes of another node. */
  async prepare(release: Release, volumes: VolumeMount[]): Promise<void> {
    const { nodeId } = await this.engine.inspect();
    const image = await this.images.find(release.image);
    const isRoot = !image || /^(root|0*)(:|$)/.test(image.user);
    if (volumes.length === 0 || isRoot || (release.nodeId !== null && release.nodeId !== nodeId)) return;
    try {
      await this.give(release, volumes, image.user);
    } catch (error) {
      // The release may run without it; if it does not, its failure says what to do.
      if (!(error instanceof DockerError) || error.kind === 'unavailable') throw error;
      this.logger.warn(`volumes of deployment ${release.deploymentId} keep their owner: ${error.message}`);
    }
  }

  async undo(serviceName: string): Promise<void> {
    await this.files.removeIdle(volumeSetupName(serviceName));
  }

  private async give(release: Release, volumes: VolumeMount[], user: string): Promise<void> {
    const { image, environmentId, serviceName } = release;
    const folderOf = (index: number) => `${FOLDERS}/${index}`;
    const spec = {
      name: volumeSetupName(serviceName),
      image,
      labels: { [LABELS.managed]: 'true', [LABELS.environment]: environmentId },
      volumes: volumes.map(({ name }, index) => ({
        source: volumeName(environmentId, name),
        target: folderOf(index),
      })),
    };
    await this.files.withIdle(spec, async (id) => {
      const owner = userIdsOf(user, await this.files.text(id, '/etc/passwd'), await this.files.text(id, '/etc/group'));
      if (!owner) return;
      for (const [index, { path }] of volumes.entries()) {
        if (await this.files.first(id, path)) continue;
        const folder = await this.files.first(id, folderOf(index));
        // Another release of the environment may have written to it since.
        if (folder?.isAlone && folder.header.uid === 0)
          await this.files.setOwner(id, folderOf(index), owner, folder.header.mode);
      }
    });
  }
}
