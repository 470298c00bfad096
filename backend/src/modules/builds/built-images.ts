import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { Images, type ListedImage } from '#src/integrations/docker/images.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';
import { LABELS } from '#src/common/labels.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { supersededImages } from './image-retention.js';

const REMOVAL_TIMEOUT_MS = 30_000;
const BUILT = { not: 'IMAGE' } as const;

/** Removes images that were built here when they are superseded. It never removes images pulled from a registry. */
@Injectable()
export class BuiltImages implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly images: Images,
    private readonly prisma: PrismaService,
    private readonly worker: JobWorker,
    private readonly teardown: EnvironmentTeardown,
  ) {}

  onModuleInit(): void {
    this.worker.register('build.prune-images', () => this.prune());
    this.worker.schedule('build.prune-images', '41 * * * *');
    this.teardown.register('retained', this);
  }

  async clear({ id }: Environment, signal: AbortSignal): Promise<void> {
    const own = await this.prisma.deployment.findMany({
      where: { environmentId: id, source: BUILT },
      select: { id: true },
    });
    for (const image of builtFor(await this.images.list({ [LABELS.environment]: id }), own)) {
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
    const deployments = await this.prisma.deployment.findMany({
      where: { id: { in: images.map(({ labels }) => labels[LABELS.deployment] ?? '') }, source: BUILT },
      select: { id: true, environmentId: true, name: true, createdAt: true },
    });
    const liveRows = await this.prisma.deployment.findMany({
      where: { source: BUILT, status: { in: LIVE_STATUSES } },
      select: { id: true, rollbackOfId: true },
    });
    const live = new Set(liveRows.map(({ id, rollbackOfId }) => rollbackOfId ?? id));
    for (const image of supersededImages(images, { deployments, live, now: new Date() })) await this.remove(image);
  }

  /** Removes every tag of the image, else the image by its id. True when all are removed. */
  private async remove({ id, tags }: ListedImage): Promise<boolean> {
    const outcomes = await Promise.all((tags.length > 0 ? tags : [id]).map((name) => this.images.tryRemove(name)));
    return outcomes.every(Boolean);
  }
}

/** Filters by deployments that were built here, because any image may contain Berth's labels. */
function builtFor(images: ListedImage[], deployments: { id: string }[]): ListedImage[] {
  const ids = new Set(deployments.map(({ id }) => id));
  return images.filter(({ labels }) => ids.has(labels[LABELS.deployment] ?? ''));
}
