import { setImmediate as nextTurn } from 'node:timers/promises';
import { isPathGlob, matchesGlob, parseGlob } from '#src/common/glob.js';
import { isRefName } from '#src/integrations/git/git-ref.js';

export interface Push {
  branch: string;
  /** files that the commits list; undefined when the list may be incomplete */
  files: string[] | undefined;
}

/** Forges list at most this many commits of a push. */
const MAX_COMMITS = 20;
/** A push with more or longer names is taken to match. */
const MAX_FILES = 1000;
const MAX_NAME_CHARACTERS = 100_000;
/** How many files are matched in one turn of the event loop. */
const FILES_PER_TURN = 10;
const BRANCH = 'refs/heads/';

/**
 * Parses a push to a branch by the fields that GitHub, Gitea and GitLab share; undefined for everything else: a ping, a
 * tag, a deleted branch.
 */
export function parsePush(body: unknown): Push | undefined {
  const { ref, after, deleted, commits } = (body ?? {}) as Record<string, unknown>;
  const branch = typeof ref === 'string' && ref.startsWith(BRANCH) ? ref.slice(BRANCH.length) : '';
  if (!isRefName(branch) || deleted === true || (typeof after === 'string' && /^0+$/.test(after))) return undefined;
  return { branch, files: filesOf(commits) };
}

function filesOf(commits: unknown): string[] | undefined {
  if (!Array.isArray(commits) || commits.length === 0 || commits.length >= MAX_COMMITS) return undefined;
  return commits.flatMap((commit) =>
    ['added', 'modified', 'removed'].flatMap((kind) => {
      const files = (commit as Record<string, unknown> | null)?.[kind];
      return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
    }),
  );
}

/**
 * Whether a glob matches one of the files. True without globs, for a push of more than is looked at, and for a glob of
 * an earlier version of this language.
 */
export async function matchesPaths(files: string[] | undefined, globs: string[]): Promise<boolean> {
  if (globs.length === 0 || files === undefined || files.length > MAX_FILES) return true;
  const characters = files.reduce((sum, { length }) => sum + length, 0);
  if (characters > MAX_NAME_CHARACTERS || !globs.every(isPathGlob)) return true;
  const parsed = globs.map(parseGlob);
  for (let from = 0; from < files.length; from += FILES_PER_TURN) {
    const some = files.slice(from, from + FILES_PER_TURN);
    if (some.some((file) => parsed.some((glob) => matchesGlob(glob, file)))) return true;
    await nextTurn();
  }
  return false;
}
