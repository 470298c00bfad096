import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { FairPermits } from '#src/common/fair-permits.js';
import { Config } from '#src/config/config.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { secretsOf } from '#src/integrations/git/git-source.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import type { BuildRun } from './build-run.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { BuildLog } from './build-log.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import type { BuildOptions, SourceKind } from '#src/modules/deployments/domain/build-options.js';
import { type Checkout, Checkouts } from './checkouts.js';
import { FolderTree } from './folder-tree.js';
import type { OpenSource } from './source-tree.js';
import { UploadTree } from './upload-tree.js';

const SUBMODULES_MISSING =
  'The repository has submodules (.gitmodules), and their folders are empty. Send submodules: true to fetch them.';

/** Opens the files of a deployment, of its commit or its upload, for the steps that need them. */
@Injectable()
export class Sources {
  /** Limits concurrent clones and builds; users get the slots in turn. */
  private readonly slots: FairPermits;

  constructor(
    private readonly checkouts: Checkouts,
    private readonly log: BuildLog,
    private readonly uploads: UploadsService,
    config: Config,
  ) {
    this.slots = new FairPermits(config.build.concurrency);
  }

  optionsOf(deployment: Deployment): BuildOptions {
    return columnsOf(deployment).gitOptions;
  }

  originOf({ source }: Deployment): SourceKind {
    return source === 'GIT' ? 'repository' : 'upload';
  }

  /** Waits for a build slot and holds it until the image is built: a pending build uses no disk space. */
  async acquireSlot(run: BuildRun): Promise<void> {
    const { id, environment } = run.deployment;
    const acquire = () => this.slots.acquire(id, environment.userId, run.signal);
    run.onFinish(() => this.slots.release(id));
    if (this.slots.wouldBlock(id)) {
      run.progress({ step: 'QUEUED', message: 'waiting for another build' });
      await run.pauseDeadline(acquire);
    } else await acquire();
  }

  /** Runs work that no deployment has asked for in a slot of its own. Throws the reason of the signal. */
  async withSlot<T>(id: string, userId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.slots.acquire(id, userId, signal);
    try {
      return await work();
    } finally {
      this.slots.release(id);
    }
  }

  releaseSlot({ deployment }: BuildRun): void {
    this.slots.release(deployment.id);
  }

  /** Throws GitError, and StepFailure for an upload that does not exist any more. */
  open(run: BuildRun): Promise<OpenSource> {
    return run.deployment.source === 'GIT' ? this.openCheckout(run) : this.openUpload(run.deployment);
  }

  /** Checks out the stored commit, else the revision of the request. Reuses a complete checkout. Throws GitError. */
  async checkOut(run: BuildRun): Promise<Checkout> {
    const { deployment, signal } = run;
    const { ref, commit, submodules = false } = columnsOf(deployment).gitOptions;
    const source = run.gitSource();
    const log = await this.log.writer(deployment.id, secretsOf(source.auth));
    try {
      return await this.checkouts.ensure(deployment, source, {
        revision: { ref: ref ?? undefined, commit: deployment.gitCommitSha ?? commit ?? undefined },
        submodules,
        onLine: (line) => log.add(line),
        onProgress: ({ message, current }) => run.progress({ step: 'CLONING', message, current, total: 100 }),
        signal,
      });
    } catch (error) {
      log.add(error instanceof Error ? error.message : 'The clone failed.', 'stderr');
      throw error;
    } finally {
      await log.end();
    }
  }

  private async openCheckout(run: BuildRun): Promise<OpenSource> {
    const { tree, committedAt } = await this.checkOut(run);
    const { buildContext, submodules = false } = columnsOf(run.deployment).gitOptions;
    return {
      openTree: (folder = buildContext) => FolderTree.open(tree, folder),
      modified: committedAt,
      secrets: secretsOf(run.gitSource().auth),
      warnings: await checkoutWarnings(tree, submodules),
    };
  }

  private async openUpload(deployment: Deployment): Promise<OpenSource> {
    const upload = await this.uploads.find(deployment.uploadId ?? '');
    if (!upload)
      throw new StepFailure(
        'UPLOAD_GONE',
        'The upload of this deployment is no longer retained. Upload the folder again.',
      );
    const { buildContext } = this.optionsOf(deployment);
    return {
      openTree: (folder = buildContext) => UploadTree.open(() => this.uploads.entries(upload), folder),
      modified: upload.createdAt,
      secrets: [],
      warnings: [],
    };
  }
}

/** What the build of a checkout may miss. */
export async function checkoutWarnings(tree: string, submodules: boolean): Promise<string[]> {
  if (submodules) return [];
  const found = await lstat(path.join(tree, '.gitmodules')).catch(() => undefined);
  return found?.isFile() && found.size > 0 ? [SUBMODULES_MISSING] : [];
}
