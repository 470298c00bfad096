import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { Images, type ListedImage } from '#src/integrations/docker/images.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';
import { LABELS } from '#src/common/labels.js';
import { BuiltDeploymentsRepository } from './built-deployments.repository.js';
import { supersededImages } from './image-retention.js';

const REMOVAL_TIMEOUT_MS = 30_000;

/** Removes images that were built here when they are superseded. It never removes images pulled from a registry. */
@Injectable()
export class BuiltImages implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly images: Images,
    private readonly deployments: BuiltDeploymentsRepository,
    private readonly worker: JobWorker,
    private readonly teardown: EnvironmentTeardown,
  ) {}

  onModuleInit(): void {
    this.worker.register('build.prune-images', () => this.prune());
    this.worker.schedule('build.prune-images', '41 * * * *');
    this.teardown.register('retained', this);
  }

  async clear({ id }: Environment, signal: AbortSignal): Promise<void> {
    const [built, usedElsewhere] = [await this.deployments.idsIn(id), await this.deployments.idsInUse(id)];
    for (const image of await this.images.list({ [LABELS.environment]: id })) {
      const deploymentId = image.labels[LABELS.deployment] ?? '';
      // Any image may contain Berth's labels. One that was promoted stays, and is pruned when it is not used any more.
      if (!built.has(deploymentId) || usedElsewhere.has(deploymentId)) continue;
      await pollUntil(async () => (await this.remove(image)) || !(await this.images.find(image.id)), {
        withinMs: REMOVAL_TIMEOUT_MS,
        everyMs: 200,
        signal,
        what: `image ${image.tags[0] ?? image.id} is in use`,
      });
    }
  }

  private async prune(): Promise<void> {
    const images = await this.images.list({ [LABELS.managed]: 'true' });
    const deployments = await this.deployments.byIds(images.map(({ labels }) => labels[LABELS.deployment] ?? ''));
    const used = await this.deployments.idsInUse();
    for (const image of supersededImages(images, { deployments, used, now: new Date() })) await this.remove(image);
  }

  /** Removes every tag of the image, else the image by its id. True when all are removed. */
  private async remove({ id, tags }: ListedImage): Promise<boolean> {
    const outcomes = await Promise.all((tags.length > 0 ? tags : [id]).map((name) => this.images.tryRemove(name)));
    return outcomes.every(Boolean);
  }
}
