import { GitError, kindOfOutput } from './git-error.js';
import type { GitRevision } from './git-source.js';
import { lowSpeedError } from './low-speed.js';

const MAX_REASON_LINES = 4;

/** Translates what git printed, without credentials and host paths, into an error for the user. `what` names the repository. */
export function gitFailure(output: string, what: string, revision?: GitRevision): GitError {
  const kind = kindOfOutput(output);
  const reason = output.split('\n').slice(-MAX_REASON_LINES).join('; ');
  switch (kind) {
    case 'ref-not-found':
      return new GitError(
        kind,
        revision?.commit
          ? `${what} has no commit ${revision.commit}, or does not serve it: ${reason}`
          : `There is no branch and no tag named ${revision?.ref ?? ''} in ${what}.`,
      );
    case 'disk-full':
      return new GitError(kind, 'There is no space left for the clone.');
    case 'not-found':
      return new GitError(kind, `There is no repository at ${what}: ${reason}`);
    case 'auth':
      return new GitError(kind, `${what} rejects the credentials: ${reason}`);
    case 'timeout':
      return lowSpeedError(what);
    default:
      return new GitError(kind, `${what} could not be cloned: ${reason}`);
  }
}
