import path from 'node:path';

export interface Push {
  branch: string;
  /** what the commits say they touched; undefined where they do not say all */
  files: string[] | undefined;
}

/** The forges list so many commits of a push at most. */
const MAX_COMMITS = 20;

/** A push to a branch, in the words that GitHub, Gitea and GitLab share; undefined for everything else: a ping, a tag, a branch that was deleted. */
export function pushOf(body: unknown): Push | undefined {
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

/** Whether one of the files is meant by one of the globs. A push that does not say what it touched is meant. */
export function isMeant(files: string[] | undefined, globs: string[]): boolean {
  if (globs.length === 0 || files === undefined) return true;
  return files.some((file) => globs.some((glob) => path.posix.matchesGlob(file, glob)));
}
