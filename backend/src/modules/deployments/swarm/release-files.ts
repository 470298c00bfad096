import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { LABELS } from '#src/common/labels.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { isDockerError } from '#src/integrations/docker/docker-error.js';
import { Secrets } from '#src/integrations/docker/secrets.js';
import { fileObjectName } from '#src/modules/deployments/domain/names.js';
import type { MountedRelease, Release } from '#src/modules/deployments/domain/release.js';
import type { MountedFile, ReleaseFile } from '#src/modules/deployments/domain/release-file.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { FileContentsService } from '#src/modules/deployments/files/file-contents.service.js';
import {
  FileContentsRepository,
  type UnusedContent,
} from '#src/modules/deployments/repositories/file-contents.repository.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';

type Place = Pick<Release, 'environmentId'>;

/**
 * The files of releases as Swarm configs and secrets. Swarm distributes them to every node, and never changes them: they
 * are named by their content, and releases with equal contents share them.
 */
@Injectable()
export class ReleaseFiles implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly contents: FileContentsService,
    private readonly repository: FileContentsRepository,
    private readonly configs: Configs,
    private readonly secrets: Secrets,
    private readonly worker: JobWorker,
    private readonly teardown: EnvironmentTeardown,
  ) {}

  onModuleInit(): void {
    this.worker.register('deployment.sweep-files', () => this.removeUnused(null));
    this.worker.schedule('deployment.sweep-files', '* * * * *');
    this.teardown.register('retained', this);
  }

  /**
   * Creates a service that mounts the release's files. A sweep that began before the release existed may remove an
   * object that no service uses yet: Swarm then refuses the service, and the second attempt creates the object again.
   */
  async createWith<T>(
    release: Release,
    signal: AbortSignal,
    create: (mounted: MountedRelease) => Promise<T>,
  ): Promise<T> {
    const attempt = async () => create({ ...release, files: await this.mount(release, signal) });
    return attempt().catch((error: unknown) => {
      const isMissing = isDockerError(error, 'invalid') || isDockerError(error, 'not-found');
      if (release.files.length === 0 || !isMissing) throw error;
      return attempt();
    });
  }

  async clear({ id }: Pick<Environment, 'id'>): Promise<void> {
    await this.removeUnused(id);
  }

  /** Removes the configs and secrets that no live release has. A later run removes those that a service still mounts. */
  private async removeUnused(environmentId: string | null): Promise<void> {
    const removed: boolean[] = [];
    for (const unused of await this.repository.unused(environmentId)) removed.push(await this.remove(unused));
    if (removed.includes(true)) await this.removeUnused(environmentId);
  }

  private async remove(unused: UnusedContent): Promise<boolean> {
    const name = fileObjectName(unused.environmentId, unused.contentId);
    const removed = [await this.configs.tryRemove(name), await this.secrets.tryRemove(name)];
    return !removed.includes(false) && this.repository.unmounted(unused);
  }

  private async mount(release: Release, signal: AbortSignal): Promise<MountedFile[]> {
    const { environmentId, files } = release;
    if (files.length === 0) return [];
    await this.repository.willMount(environmentId, [...new Set(files.map(({ contentId }) => contentId))]);
    const mounted: MountedFile[] = [];
    for (const file of files) {
      signal.throwIfAborted();
      mounted.push(await this.ensure(release, file));
    }
    return mounted;
  }

  private async ensure({ environmentId }: Place, file: ReleaseFile): Promise<MountedFile> {
    const objectName = fileObjectName(environmentId, file.contentId);
    const surface = file.secret ? this.secrets : this.configs;
    const labels = { [LABELS.managed]: 'true', [LABELS.environment]: environmentId };
    const objectId =
      (await surface.find(objectName)) ??
      (await surface.ensure(objectName, await this.contentOf(environmentId, file), labels));
    return { ...file, objectName, objectId };
  }

  private async contentOf(environmentId: string, file: ReleaseFile): Promise<Buffer> {
    try {
      return await this.contents.contentOf(this.repository.db, { environmentId }, file);
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause;
      throw new StepFailure('INTERNAL', cause.options.detail, { cause });
    }
  }
}
