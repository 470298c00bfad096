import { GitError } from './git-error.js';
import type { GitUrl } from './git-url.js';

interface FailedSubmodule {
  path: string;
  url: GitUrl;
  /** The repository that the request names. */
  root: GitUrl;
  hasCredentials: boolean;
}

/** Translates the failure of a submodule into what its owner can do. Returns errors that are none of git's unchanged. */
export function submoduleFailure(cause: unknown, { path, url, root, hasCredentials }: FailedSubmodule): unknown {
  if (!(cause instanceof GitError)) return cause;
  const what = `The submodule ${path} at ${url.url}`;
  const { host } = root;
  switch (cause.kind) {
    case 'auth':
      return new GitError('auth', `${what} ${credentialsProblem(url, root, hasCredentials)}`, { cause });
    case 'not-found':
      return new GitError(
        'submodule',
        hasCredentials
          ? `${what} does not exist, or gitAuth may not read it. Let the token or the key read it, or correct .gitmodules.`
          : `${what} does not exist, or it is private: credentials are sent to ${host} only. Correct .gitmodules.`,
        { cause },
      );
    case 'ref-not-found':
      return new GitError('submodule', `${what} does not have the commit that the repository names. Push it there.`, {
        cause,
      });
    case 'failed':
      return new GitError('submodule', `${what} could not be fetched: ${cause.message}`, { cause });
    default:
      return new GitError(cause.kind, `${what} could not be fetched: ${cause.message}`, { cause });
  }
}

function credentialsProblem(url: GitUrl, root: GitUrl, hasCredentials: boolean): string {
  if (hasCredentials) return 'rejects the credentials. Let the token or the key in gitAuth read it, too.';
  if (url.host !== root.host)
    return `requires credentials, which are sent to ${root.host} only. Make it public, or move it to ${root.host}.`;
  return `requires credentials. Send gitAuth with a ${root.protocol === 'ssh' ? 'key' : 'token'} that may read it.`;
}
