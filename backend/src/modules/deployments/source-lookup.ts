import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { validationFailed } from '#src/common/validation.pipe.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { GitError } from '#src/integrations/git/git-error.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import { Checkouts } from '#src/modules/builds/checkouts.js';
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
    private readonly checkouts: Checkouts,
  ) {}

  digestOf(reference: string, auth: RegistryAuth | undefined): Promise<string> {
    return asFieldError('image', { registryAuth: auth !== undefined }, () =>
      this.images.digestOf(reference, auth, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)),
    );
  }

  async commitOf({ url, auth, options }: GitRequest): Promise<string> {
    const signal = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
    const revision = { ref: options.ref ?? undefined, commit: options.commit ?? undefined };
    const fields = { branch: options.ref !== null, gitAuth: auth !== undefined };
    return asFieldError('gitUrl', fields, () =>
      this.checkouts.withTemporary((attempt) =>
        this.repositories.lookUp({ url, auth }, revision, { dir: this.checkouts.directoryOf(attempt), signal }),
      ),
    );
  }
}

/** The fields beside the main one that a failure may be about; true for those that the body has. */
export type OtherFields = Partial<Record<'branch' | 'gitAuth' | 'registryAuth', boolean>>;

/** Runs a lookup and converts the failure of a deployment into a validation error of the field that causes it. */
export async function asFieldError<T>(field: string, others: OtherFields, lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    const failure = error instanceof GitError ? gitFailure(error) : error;
    if (!(failure instanceof StepFailure)) throw error;
    if (failure.code === 'DOCKER_UNAVAILABLE') throw new DomainError('DOCKER_UNAVAILABLE', { detail: failure.message });
    const cause = causeOf(failure);
    const path = missingField(failure) ?? (cause && others[cause] ? cause : field);
    // The message ends the sentence of the error, which has a full stop of its own.
    throw validationFailed([{ path, message: `${failure.code}: ${failure.message.replace(/\.$/, '')}` }]);
  }
}

function causeOf({ code }: StepFailure): keyof OtherFields | undefined {
  switch (code) {
    case 'GIT_REF_NOT_FOUND':
      return 'branch';
    case 'GIT_AUTH':
      return 'gitAuth';
    case 'REGISTRY_AUTH':
      return 'registryAuth';
    default:
      return undefined;
  }
}

/** The field that the plan of a build lacks, as its message says. */
function missingField({ code, message }: StepFailure): string | undefined {
  if (code !== 'DOCKERFILE_INVALID') return undefined;
  return /\b[Ss]et (startCommand|buildCommand|buildContext|baseImage|dockerfile)\b/.exec(message)?.[1];
}
