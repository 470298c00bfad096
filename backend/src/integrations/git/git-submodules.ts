import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { GitError } from './git-error.js';
import type { GitSession } from './git-session.js';
import type { GitSource } from './git-source.js';
import type { GitUrl } from './git-url.js';
import { submoduleFailure } from './submodule-failure.js';
import { isOfRoot, submoduleUrls } from './submodule-url.js';
import type { OnLine } from './terminal-lines.js';

const MAX_SUBMODULES = 200;
const MAX_LEVELS = 10;
const ALL_HISTORY = '--depth=2147483647';

/** A submodule as .gitmodules declares it. */
interface Submodule {
  name: string;
  path: string;
  url: string;
}

/**
 * Fetches submodules, and theirs. Every address of .gitmodules is replaced by one that the credentials at hand can
 * fetch (`submoduleUrls`), so that git connects to no other.
 */
export class GitSubmodules {
  private count = 0;

  constructor(
    private readonly session: GitSession,
    private readonly root: GitSource,
    private readonly onLine: OnLine,
    private readonly signal: AbortSignal,
  ) {}

  /** Throws GitError. */
  update(tree: string): Promise<void> {
    return this.updateAll(tree, this.root.url, '', 1);
  }

  private async updateAll(tree: string, parent: GitUrl, prefix: string, level: number): Promise<void> {
    for (const submodule of await this.submodulesOf(tree)) {
      const shown = prefix + submodule.path;
      this.count += 1;
      if (this.count > MAX_SUBMODULES || level > MAX_LEVELS)
        throw new GitError(
          'submodule',
          `It has more than ${MAX_SUBMODULES} submodules, or ${MAX_LEVELS} levels of them, at ${shown}.`,
        );
      const url = await this.updateOne(tree, submodule, parent, shown);
      const folder = path.join(tree, submodule.path);
      if (await isRepository(tree, folder)) await this.updateAll(folder, url, `${shown}/`, level + 1);
    }
  }

  /** Tries the URLs of a submodule; the first failure is the one to tell. */
  private async updateOne(tree: string, submodule: Submodule, parent: GitUrl, shown: string): Promise<GitUrl> {
    const { url } = this.root;
    const found = submoduleUrls(submodule.url, parent, url);
    if (!found.ok)
      throw new GitError('submodule', `The submodule ${shown} cannot be fetched: its address ${found.problem}.`);
    let first: unknown;
    for (const candidate of found.urls) {
      try {
        await this.fetch(tree, submodule, candidate);
        return candidate;
      } catch (error) {
        this.signal.throwIfAborted();
        const hasCredentials = this.root.auth !== undefined && isOfRoot(candidate, url);
        const cause = this.session.takeConnectionFailure() ?? this.session.failure(error, candidate.url);
        first ??= submoduleFailure(cause, { path: shown, url: candidate, root: url, hasCredentials });
      }
    }
    throw first;
  }

  private async fetch(tree: string, { name, path: folder }: Submodule, { url }: GitUrl): Promise<void> {
    const update = ['update', '--init', '--checkout', '--depth=1', '--progress', '--', folder];
    await this.git(tree, ['config', '--local', `submodule.${name}.url`, url]);
    try {
      await this.git(tree, ['submodule', ...update]);
    } catch (error) {
      // The server sends no commit by its id: the commit is somewhere in the history of a branch.
      if (!(error instanceof Error && error.message.includes('did not contain'))) throw error;
      const branches = '+refs/heads/*:refs/remotes/origin/*';
      await this.git(path.join(tree, folder), ['fetch', '--progress', ALL_HISTORY, 'origin', branches]);
      await this.git(tree, ['submodule', ...update]);
    }
  }

  private async git(cwd: string, command: string[]): Promise<void> {
    const { protocol } = this.root.url;
    const protocols = protocol === 'ssh' ? (['https', 'ssh'] as const) : (['https'] as const);
    await this.session.run({ cwd, protocols: [...protocols], onLine: this.onLine, signal: this.signal }, (git) =>
      git.raw(command),
    );
  }

  /** The submodules of the commit; a folder that .gitmodules names and the commit does not have is none. */
  private async submodulesOf(tree: string): Promise<Submodule[]> {
    const read = (command: string[]) => this.session.query(tree, this.signal, (git) => git.raw(command));
    const settings = await read(['config', '-z', '--blob=HEAD:.gitmodules', '--get-regexp', String.raw`^submodule\.`]);
    const declared = parseGitmodules(settings ?? '').slice(0, MAX_SUBMODULES + 1);
    if (declared.length === 0) return [];
    const listing = await read(['ls-tree', '-z', '--full-tree', 'HEAD', '--', ...declared.map((one) => one.path)]);
    const links = new Set(
      (listing ?? '').split('\0').flatMap((entry) => (entry.startsWith('160000 ') ? [entry.split('\t')[1]] : [])),
    );
    return declared.filter((one) => links.has(one.path));
  }
}

/** Settings of .gitmodules as `git config -z` lists them: a name, a line feed, a value, NUL. */
export function parseGitmodules(settings: string): Submodule[] {
  const found = new Map<string, Partial<Submodule> & { update?: string }>();
  for (const entry of settings.split('\0')) {
    const end = entry.indexOf('\n');
    const key = entry.slice('submodule.'.length, end);
    const at = key.lastIndexOf('.');
    if (end < 0 || at < 1) continue;
    const name = key.slice(0, at);
    const value = entry.slice(end + 1);
    found.set(name, { ...found.get(name), [key.slice(at + 1)]: value });
  }
  return [...found].flatMap(([name, { path: folder = '', url = '', update }]) =>
    folder === '' || url === '' || update === 'none' ? [] : [{ name, path: folder.replace(/\/$/, ''), url }],
  );
}

/** A folder that git made itself: no link leads to it, and out of the tree. */
async function isRepository(tree: string, folder: string): Promise<boolean> {
  const isPlain =
    (await realpath(folder).catch(() => '')) === path.join(await realpath(tree), path.relative(tree, folder));
  return isPlain && (await lstat(path.join(folder, '.git')).catch(() => undefined)) !== undefined;
}
