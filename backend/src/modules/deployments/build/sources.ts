import { Injectable } from '@nestjs/common';
import type { Deployment } from '../../../generated/prisma/client.js';
import { secretsOf } from '../../../integrations/git/git-source.js';
import { UploadsService } from '../../uploads/uploads.service.js';
import type { StepContext } from '../pipeline/deploy-step.js';
import { StepFailure } from '../pipeline/step-failure.js';
import { BuildGate } from './build-gate.js';
import { BuildLog } from './build-log.js';
import type { BuildOptions, GitOptions } from './build-options.js';
import type { SourceKind } from './build-request.js';
import { type Checkout, Checkouts } from './checkouts.js';
import { FolderTree } from './folder-tree.js';
import type { OpenSource } from './source-tree.js';
import { UploadTree } from './upload-tree.js';

/** The files of a deployment, its commit's or its upload's, for whichever step needs them. */
@Injectable()
export class Sources {
  constructor(
    private readonly checkouts: Checkouts,
    private readonly gate: BuildGate,
    private readonly log: BuildLog,
    private readonly uploads: UploadsService,
  ) {}

  optionsOf({ gitOptions }: Deployment): BuildOptions {
    return gitOptions as unknown as BuildOptions;
  }

  originOf({ source }: Deployment): SourceKind {
    return source === 'GIT' ? 'repository' : 'upload';
  }

  /** Until the image is there: what waits has a place on the disk only when it is its turn. */
  async takeTurn(context: StepContext): Promise<void> {
    const { id } = context.deployment;
    context.atEnd(() => this.gate.leave(id));
    if (this.gate.wouldWait(id)) {
      context.progress({ step: 'QUEUED', message: 'waiting for another build' });
      await context.waiting(() => this.gate.enter(id, context.signal));
    } else await this.gate.enter(id, context.signal);
  }

  giveTurnBack({ deployment }: StepContext): void {
    this.gate.leave(deployment.id);
  }

  /** Throws GitError, and StepFailure for an upload that is gone. */
  open(context: StepContext): Promise<OpenSource> {
    return context.deployment.source === 'GIT' ? this.openCheckout(context) : this.openUpload(context.deployment);
  }

  /** The commit that is recorded, else what the request asks for now. Nothing to do when its files are here already. Throws GitError. */
  async checkOut(context: StepContext): Promise<Checkout> {
    const { deployment, signal } = context;
    const options = deployment.gitOptions as unknown as GitOptions;
    const source = context.gitSource();
    const log = await this.log.writer(deployment.id, secretsOf(source.auth));
    try {
      return await this.checkouts.ensure(deployment.id, source, {
        revision: { ref: options.ref ?? undefined, commit: deployment.gitCommitSha ?? options.commit ?? undefined },
        submodules: options.submodules,
        onLine: (line) => log.add(line),
        onProgress: ({ message, current }) => context.progress({ step: 'CLONING', message, current, total: 100 }),
        signal,
      });
    } catch (error) {
      log.add(error instanceof Error ? error.message : 'The clone failed.', 'stderr');
      throw error;
    } finally {
      await log.end();
    }
  }

  private async openCheckout(context: StepContext): Promise<OpenSource> {
    const { tree, committedAt } = await this.checkOut(context);
    const { buildContext } = this.optionsOf(context.deployment);
    return {
      openTree: () => FolderTree.open(tree, buildContext),
      modified: committedAt,
      secrets: secretsOf(context.gitSource().auth),
    };
  }

  private async openUpload(deployment: Deployment): Promise<OpenSource> {
    const upload = await this.uploads.find(deployment.uploadId ?? '');
    if (!upload)
      throw new StepFailure('UPLOAD_GONE', 'The upload that this deployment is built from is no longer kept.');
    const { buildContext } = this.optionsOf(deployment);
    return {
      openTree: () => UploadTree.open(() => this.uploads.entries(upload), buildContext),
      modified: upload.createdAt,
      secrets: [],
    };
  }
}
