import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { GitError, type GitErrorKind } from '#src/integrations/git/git-error.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

const CODES: Record<GitErrorKind, DeploymentErrorCode> = {
  auth: 'GIT_AUTH',
  'not-found': 'GIT_NOT_FOUND',
  'ref-not-found': 'GIT_REF_NOT_FOUND',
  timeout: 'GIT_TIMEOUT',
  'too-large': 'REPO_TOO_LARGE',
  'not-allowed': 'GIT_HOST_NOT_ALLOWED',
  unreachable: 'GIT_UNREACHABLE',
  'disk-full': 'DISK_FULL',
  failed: 'GIT_UNREACHABLE',
};

/** Converts a GitError to a StepFailure. Returns other errors unchanged. */
export function gitFailure(error: unknown): unknown {
  return error instanceof GitError ? new StepFailure(CODES[error.kind], error.message, { cause: error }) : error;
}
