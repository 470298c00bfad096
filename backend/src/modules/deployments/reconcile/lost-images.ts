import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Images } from '#src/integrations/docker/images.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { isPushed, removedImageMessage } from '#src/modules/deployments/domain/built-image.js';
import { imageOf } from '#src/modules/deployments/domain/release-from-row.js';
import type {
  CurrentRelease,
  RunningDeployment,
} from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { PipelineRepository } from '#src/modules/deployments/repositories/pipeline.repository.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';

/**
 * Running deployments whose image was built on this node, is in no registry, and was removed by hand. A container that
 * runs needs no image; without one Swarm rejects every task, for ever.
 */
@Injectable()
export class LostImages {
  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly tasks: SwarmTasks,
    private readonly services: RunningServices,
    private readonly pipeline: PipelineRepository,
  ) {}

  /** Returns the ids of those of the deployments. */
  async among(rows: CurrentRelease[]): Promise<Set<string>> {
    const built = rows.filter(({ source, image }) => source !== 'IMAGE' && !isPushed(image));
    const lost = new Set<string>();
    if (built.length === 0) return lost;
    const { nodeId } = await this.engine.inspect();
    const images = await this.images.list({ [LABELS.managed]: 'true' });
    const names = new Set(images.flatMap(({ id, tags }) => [id, ...tags]));
    for (const row of built) {
      const isHere = row.nodeId === null || row.nodeId === nodeId;
      if (isHere && !names.has(imageOf(row)) && (await this.isGone(row))) lost.add(row.id);
    }
    return lost;
  }

  /** Removes what is left of the service, and sets FAILED with the next step of the user. */
  async fail(row: RunningDeployment, signal: AbortSignal): Promise<void> {
    const message = removedImageMessage({ source: row.source, releaseId: row.id });
    await this.pipeline.recordFailure(row, 'IMAGE_NOT_FOUND', message);
    await this.services.remove(row.id, signal, { atOnce: true });
    await this.pipeline.fail(row);
  }

  private async isGone(row: CurrentRelease): Promise<boolean> {
    if (await this.images.find(imageOf(row))) return false;
    const tasks = await this.tasks.list({ labels: [`${LABELS.deployment}=${row.id}`] });
    return !tasks.some(({ state }) => state === 'running');
  }
}
