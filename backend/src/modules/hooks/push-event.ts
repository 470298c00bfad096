import { setImmediate as nextTurn } from 'node:timers/promises';
import { isPathGlob, matchesGlob, parseGlob } from '#src/common/glob.js';
import { isRefName } from '#src/integrations/git/git-ref.js';

export interface Push {
  /** branches that it updates: Bitbucket and Azure DevOps send one delivery for several */
  branches: string[];
  /** files that the commits list; undefined when the list may be incomplete */
  files: string[] | undefined;
}

/** Forges list at most this many commits of a push. */
const MAX_COMMITS = 20;
/** A push with more or longer names is taken to match. */
const MAX_FILES = 1000;
const MAX_NAME_CHARACTERS = 100_000;
const MAX_BRANCHES = 100;
/** How many files are matched in one turn of the event loop. */
const FILES_PER_TURN = 10;
const BRANCH = 'refs/heads/';

type Fields = Record<string, unknown>;

/**
 * Parses a push to branches as GitHub, Gitea, GitLab, Bitbucket and Azure DevOps send it; undefined for everything
 * else: a ping, a tag, a deleted branch.
 */
export function parsePush(body: unknown): Push | undefined {
  const { ref, after, deleted, commits, total_commits, total_commits_count } = fieldsOf(body);
  const updates =
    typeof ref === 'string' ? [{ ref, after, deleted }] : [...bitbucketUpdates(body), ...azureUpdates(body)];
  const branches = updates.slice(0, MAX_BRANCHES).flatMap((update) => branchOf(update));
  if (branches.length === 0) return undefined;
  const total = Math.max(
    ...[total_commits, total_commits_count].map((count) => (typeof count === 'number' ? count : 0)),
  );
  return { branches: [...new Set(branches)], files: boundedFiles(filesOf(commits, total)) };
}

interface Update {
  ref: unknown;
  after: unknown;
  deleted: unknown;
}

function branchOf({ ref, after, deleted }: Update): string[] {
  const branch = typeof ref === 'string' && ref.startsWith(BRANCH) ? ref.slice(BRANCH.length) : '';
  if (!isRefName(branch) || deleted === true || (typeof after === 'string' && /^0+$/.test(after))) return [];
  return [branch];
}

/** `push.changes` of Bitbucket Cloud, and `changes` of Bitbucket Server and Data Center. */
function bitbucketUpdates(body: unknown): Update[] {
  const { push, changes } = fieldsOf(body);
  const cloud = listOf(fieldsOf(push).changes).map((change) => {
    const { type, name } = fieldsOf(fieldsOf(change).new);
    const isBranch = (type === 'branch' || type === 'named_branch') && typeof name === 'string';
    return { ref: isBranch ? BRANCH + name : undefined, after: undefined, deleted: undefined };
  });
  const server = listOf(changes).map((change) => {
    const { ref, toHash, type } = fieldsOf(change);
    return { ref: fieldsOf(ref).id, after: toHash, deleted: type === 'DELETE' };
  });
  return [...cloud, ...server];
}

/** `resource.refUpdates` of the event git.push. */
function azureUpdates(body: unknown): Update[] {
  return listOf(fieldsOf(fieldsOf(body).resource).refUpdates).map((update) => {
    const { name, newObjectId } = fieldsOf(update);
    return { ref: name, after: newObjectId, deleted: undefined };
  });
}

/** `total`: how many commits the push has; Gitea lists five of them. */
function filesOf(commits: unknown, total: number): string[] | undefined {
  if (!Array.isArray(commits) || commits.length === 0 || commits.length >= MAX_COMMITS) return undefined;
  if (total > commits.length) return undefined;
  return commits.flatMap((commit) =>
    ['added', 'modified', 'removed'].flatMap((kind) =>
      listOf(fieldsOf(commit)[kind]).filter((file) => typeof file === 'string'),
    ),
  );
}

function boundedFiles(files: string[] | undefined): string[] | undefined {
  if (files === undefined || files.length > MAX_FILES) return undefined;
  return files.reduce((sum, { length }) => sum + length, 0) > MAX_NAME_CHARACTERS ? undefined : files;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/**
 * Whether a glob matches one of the files. True without globs, for a push whose files are not known, and for a glob of
 * an earlier version of this language.
 */
export async function matchesPaths(files: string[] | undefined, globs: string[]): Promise<boolean> {
  const known = boundedFiles(files);
  if (globs.length === 0 || known === undefined || !globs.every(isPathGlob)) return true;
  const parsed = globs.map(parseGlob);
  for (let from = 0; from < known.length; from += FILES_PER_TURN) {
    const some = known.slice(from, from + FILES_PER_TURN);
    if (some.some((file) => parsed.some((glob) => matchesGlob(glob, file)))) return true;
    await nextTurn();
  }
  return false;
}
