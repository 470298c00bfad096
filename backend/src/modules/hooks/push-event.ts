import path from 'node:path';

export interface Push {
  branch: string;
  /** files that the commits list; undefined when the list may be incomplete */
  files: string[] | undefined;
}

/** Forges list at most this many commits of a push. */
const MAX_COMMITS = 20;

/**
 * Parses a push to a branch by the fields that GitHub, Gitea and GitLab share; undefined for everything else: a ping, a
 * tag, a deleted branch.
 */
export function parsePush(body: unknown): Push | undefined {
  const { ref, after, deleted, commits } = (body ?? {}) as Record<string, unknown>;
  const branch = typeof ref === 'string' ? /^refs\/heads\/(.+)$/.exec(ref)?.[1] : undefined;
  if (branch === undefined || deleted === true || (typeof after === 'string' && /^0+$/.test(after))) return undefined;
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

/** Whether a glob matches one of the files. True without globs, and when the files are unknown. */
export function matchesPaths(files: string[] | undefined, globs: string[]): boolean {
  if (globs.length === 0 || files === undefined) return true;
  return files.some((file) => globs.some((glob) => path.posix.matchesGlob(file, glob)));
}
