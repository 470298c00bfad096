import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { GitError } from './git-error.js';
import { fullRefs, isFullRef, shortRef } from './git-ref.js';
import type { GitSession } from './git-session.js';
import { nearestNames } from './nearest-names.js';

const HEADS = 'refs/heads/';
const COMMIT_ID = /^[0-9a-f]{7,64}$/i;
const MAX_SHOWN_NAMES = 5;
/** Usual default branches: the first to name when no name is near. */
const USUAL = ['main', 'master', 'develop', 'dev', 'trunk', 'production'];

export interface Remote {
  session: GitSession;
  url: string;
  cwd: string;
  signal: AbortSignal;
}

/** A ref of a remote, by its full name. */
export interface RemoteRef {
  sha: string;
  name: string;
}

/** Lists the refs with these options and full names. Throws GitError. */
export async function listRefs({ session, url, cwd, signal }: Remote, options: string[], names: string[] = []) {
  const listed = await session
    .run({ cwd, signal }, (git) => git.listRemote([...options, '--', url, ...names]))
    .catch((error: unknown) => {
      throw session.failure(error, url);
    });
  return parseRefs(listed);
}

/** Full names of all branches and tags. Throws GitError. */
export async function branchesAndTags(remote: Remote): Promise<string[]> {
  return (await listRefs(remote, ['--heads', '--tags', '--refs'])).map(({ name }) => name);
}

/** The name of HEAD's branch, which need not exist; undefined when an older server does not tell it. */
export async function danglingHead({ session, url, cwd, signal }: Remote): Promise<string | undefined> {
  const options = ['--bare', '--depth=1', '--no-tags', '--single-branch', '--template='];
  const folder = path.join(cwd, 'head');
  await session.run({ cwd, signal }, (git) => git.clone(url, folder, options));
  return headBranch(path.join(folder, 'HEAD'));
}

/** The branch that a HEAD file names. */
export async function headBranch(file: string): Promise<string | undefined> {
  return /^ref: refs\/heads\/(.+)$/m.exec(await readFile(file, 'utf8'))?.[1];
}

export function parseRefs(listed: string): RemoteRef[] {
  return listed.split('\n').flatMap((line) => {
    const [sha = '', name = ''] = line.split('\t');
    return sha && name ? [{ sha, name }] : [];
  });
}

/** The commit of a name: of the branch, else of the tag, where an annotated one is listed a second time as `name^{}`. */
export function commitOf(refs: RemoteRef[], name: string): string | undefined {
  const wanted = fullRefs(name).flatMap((full) => [`${full}^{}`, full]);
  return wanted.map((full) => refs.find((ref) => ref.name === full)?.sha).find((sha) => sha !== undefined);
}

/** The error for a name that the remote does not have, with the names that are near. */
export function missingRef(url: string, name: string, names: string[]): GitError {
  const what = isFullRef(name) ? `no ref ${name}` : `no branch and no tag named ${name}`;
  if (names.length === 0) return emptyRepository(url);
  const commit = COMMIT_ID.test(name) ? ' For a commit, send its whole id in commit.' : '';
  return new GitError('ref-not-found', `There is ${what} in ${url}; ${shown(names, shortRef(name))}.${commit}`);
}

/**
 * The only branch of a remote whose HEAD names a branch that does not exist. Throws GitError when there is none, or
 * more than one.
 */
export function onlyBranch(url: string, names: string[], head: string | undefined): string {
  const branches = names.filter((name) => name.startsWith(HEADS));
  const [only] = branches;
  if (only !== undefined && branches.length === 1) return only;
  if (names.length === 0) throw emptyRepository(url);
  const missing = head === undefined ? 'Its default branch' : `Its default branch ${head}`;
  const there = shown(branches.length > 0 ? branches : names, head ?? '');
  throw new GitError('ref-not-found', `${missing} does not exist; send branch (${there}).`);
}

function emptyRepository(url: string): GitError {
  return new GitError('ref-not-found', `The repository is empty: ${url} has no commit yet. Push one, then deploy.`);
}

function shown(names: string[], wanted: string): string {
  const short = [...new Set(names.map(shortRef))];
  const near = nearestNames(wanted, short);
  const usual = USUAL.filter((name) => short.includes(name));
  const some = [...new Set([...near, ...usual, ...short.slice(0, MAX_SHOWN_NAMES)])].slice(0, MAX_SHOWN_NAMES);
  const more = short.length - some.length;
  return `there is ${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
