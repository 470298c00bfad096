import { GitError, kindOfOutput } from './git-error.js';
import type { GitRevision } from './git-source.js';
import { lowSpeedError } from './low-speed.js';

const MAX_REASON_LINES = 4;
/** Lines that tell nothing to a user: how git asks for credentials, and where it writes. */
const INNER = ['askpass', 'terminal prompts disabled', 'into submodule path', 'failed to clone ', 'cloning into '];

/** Translates what git printed, without credentials and host paths, into an error for the user. `what` names the repository. */
export function gitFailure(output: string, what: string, revision?: GitRevision): GitError {
  const kind = kindOfOutput(output);
  const reason = reasonOf(output);
  switch (kind) {
    case 'ref-not-found':
      return new GitError(
        kind,
        revision?.commit
          ? `${what} has no commit ${revision.commit}, or does not serve it${reason}`
          : `There is no branch and no tag named ${revision?.ref ?? ''} in ${what}.`,
      );
    case 'disk-full':
      return new GitError(kind, 'There is no space left for the clone.');
    case 'not-found':
      return new GitError(
        kind,
        `There is no repository at ${what}${reason}. Send the address that git clone takes, not that of a page.`,
      );
    case 'auth':
      return new GitError(kind, `${what} requires credentials, or rejects those of gitAuth${reason}`);
    case 'timeout':
      return lowSpeedError(what);
    default:
      return new GitError(kind, `${what} could not be cloned${reason}`);
  }
}

function reasonOf(output: string): string {
  const lines = output.split('\n').filter((line) => {
    const text = line.toLowerCase();
    return !INNER.some((part) => text.includes(part));
  });
  const reason = lines.slice(-MAX_REASON_LINES).join('; ');
  return reason === '' ? '' : `: ${reason}`;
}
