import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { newId } from '#src/common/time/id-source.js';
import { validationFailed } from '#src/common/validation.pipe.js';
import { Config } from '#src/config/config.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { GitError } from '#src/integrations/git/git-error.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import { StepFailure } from './domain/step-failure.js';
import type { GitRequest } from './git-request.js';
import { gitFailure } from './pipeline/steps/failures.js';
import { ImageLookup } from './pipeline/steps/image-lookup.js';

const LOOKUP_TIMEOUT_MS = 20_000;

/** Resolves tags and branches for a dry run. A failure is a validation error of the field that causes it. */
@Injectable()
export class SourceLookup {
  constructor(
    private readonly images: ImageLookup,
    private readonly repositories: GitRepositories,
    private readonly config: Config,
  ) {}

  digestOf(reference: string, auth: RegistryAuth | undefined): Promise<string> {
    return asFieldError('image', () => this.images.digestOf(reference, auth, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)));
  }

  async commitOf({ url, auth, options }: GitRequest): Promise<string> {
    const dir = path.join(this.config.build.dir, `lookup-${newId()}`);
    const signal = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
    try {
      const sha = await asFieldError('gitUrl', () =>
        this.repositories.lookUp({ url, auth }, options.ref ?? undefined, { dir, signal }),
      );
      return options.commit ?? sha;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}

/** Runs a lookup and converts the failure of a deployment into a validation error of the field that causes it. */
export async function asFieldError<T>(field: string, lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    const failure = error instanceof GitError ? gitFailure(error) : error;
    if (!(failure instanceof StepFailure)) throw error;
    if (failure.code === 'DOCKER_UNAVAILABLE') throw new DomainError('DOCKER_UNAVAILABLE', { detail: failure.message });
    throw validationFailed([{ path: fieldOf(failure, field), message: `${failure.code}: ${failure.message}` }]);
  }
}

function fieldOf({ code, message }: StepFailure, field: string): string {
  switch (code) {
    case 'GIT_REF_NOT_FOUND':
      return 'branch';
    case 'GIT_AUTH':
      return 'gitAuth';
    case 'REGISTRY_AUTH':
      return 'registryAuth';
    case 'DOCKERFILE_INVALID':
      return /\b[Ss]et (startCommand|buildContext|baseImage)\b/.exec(message)?.[1] ?? field;
    default:
      return field;
  }
}
