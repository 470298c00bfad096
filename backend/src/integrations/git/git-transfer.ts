import path from 'node:path';
import type { SimpleGit } from 'simple-git';
import { GitError } from './git-error.js';
import { fullRefs, isFullRef, shortRef } from './git-ref.js';
import type { GitSession } from './git-session.js';
import type { GitRevision } from './git-source.js';
import { branchesAndTags, headBranch, listRefs, missingRef, onlyBranch, type Remote } from './remote-refs.js';
import type { OnLine } from './terminal-lines.js';

const QUIET = ['--progress', '--no-tags'];
const FETCH_HEAD = 'FETCH_HEAD';
const ALL_BRANCHES = '+refs/heads/*:refs/remotes/origin/*';
/** Histories to fetch for a commit that a server does not send by its id; the last one is all of it. */
const DEPTHS = [100, 2_147_483_647];
/** What servers answer that send only the commits of refs. */
const REFUSES_COMMITS = /unadvertised object|want [0-9a-f]+ not valid|shallow/;

export interface Transferred {
  /** What to check out. */
  revision: string;
  /** Branch or tag; undefined if only a commit was requested. */
  ref: string | undefined;
}

/** Transfers a revision of the remote into the repository in `tree`, without history. */
export class GitTransfer {
  private readonly remote: Remote;

  constructor(
    private readonly session: GitSession,
    private readonly url: string,
    private readonly tree: string,
    private readonly onLine: OnLine,
    private readonly signal: AbortSignal,
  ) {
    this.remote = { session, url, cwd: tree, signal };
  }

  async run({ ref, commit }: GitRevision): Promise<Transferred> {
    const name = ref === undefined ? undefined : shortRef(ref);
    if (commit !== undefined) {
      await this.fetchCommit(commit, ref);
      return { revision: commit, ref: name };
    }
    if (ref === undefined) return this.cloneDefault();
    await this.orMissing(ref, isFullRef(ref) ? this.fetchRef(ref) : this.clone([`--branch=${ref}`]));
    return { revision: isFullRef(ref) ? FETCH_HEAD : 'HEAD', ref: name };
  }

  /** The default branch, else the only one: the remote's HEAD may name a branch that was never pushed. */
  private async cloneDefault(): Promise<Transferred> {
    await this.clone([]);
    const head = await headBranch(path.join(this.tree, '.git/HEAD'));
    if (await this.has('HEAD')) return { revision: 'HEAD', ref: head };
    const only = onlyBranch(this.url, await branchesAndTags(this.remote), head);
    await this.fetch([only]);
    return { revision: FETCH_HEAD, ref: shortRef(only) };
  }

  /** Fetches a commit and its files in one connection. */
  private clone(options: string[]): Promise<void> {
    const fixed = [...QUIET, '--no-checkout', '--single-branch', '--template='];
    return this.shallow(1, (depth) => (git) => git.clone(this.url, this.tree, [...fixed, ...depth, ...options]));
  }

  private async fetchRef(ref: string): Promise<void> {
    await this.init();
    await this.fetch([ref]);
  }

  /** Fetches exactly this commit; no ref needs to point to it unless the server insists. */
  private async fetchCommit(sha: string, ref: string | undefined): Promise<void> {
    await this.init(sha.length === 64 ? ['--object-format=sha256'] : []);
    try {
      await this.git((git) => git.fetch([...QUIET, '--depth=1', '--no-recurse-submodules', '--', this.url, sha]), {
        ref,
        commit: sha,
      });
    } catch (error) {
      if (!(error instanceof GitError && REFUSES_COMMITS.test(error.message))) throw error;
      await this.fetchHistory(sha, ref);
    }
  }

  private async fetchHistory(sha: string, ref: string | undefined): Promise<void> {
    this.onLine('The server does not send a commit by its id: its history is fetched.', true);
    const names = ref === undefined ? [] : await listRefs(this.remote, [], fullRefs(ref));
    const from = names[0]?.name ?? ALL_BRANCHES;
    for (const depth of DEPTHS) {
      await this.fetch([from], depth);
      if (await this.has(sha)) return;
    }
    const where = names[0] ? `${shortRef(names[0].name)} of ${this.url}` : `any branch of ${this.url}`;
    throw new GitError(
      'ref-not-found',
      `There is no commit ${sha} in ${where}, and the server sends no other commits. Send branch, or push the commit.`,
    );
  }

  private fetch(refspecs: string[], depth = 1): Promise<void> {
    const fixed = [...QUIET, '--no-recurse-submodules'];
    return this.shallow(depth, (options) => (git) => git.fetch([...fixed, ...options, '--', this.url, ...refspecs]));
  }

  private async init(options: string[] = []): Promise<void> {
    await this.git(async (git) => {
      await git.init(['--quiet', '--template=', ...options]);
      await git.addRemote('origin', this.url);
    });
  }

  /** Servers of plain files cannot shorten a history. */
  private async shallow(depth: number, command: (options: string[]) => (git: SimpleGit) => unknown): Promise<void> {
    try {
      await this.git(command([`--depth=${depth}`]));
    } catch (error) {
      if (!(error instanceof GitError && /shallow/.test(error.message))) throw error;
      await this.git(command([]));
    }
  }

  private async orMissing(ref: string, transfer: Promise<void>): Promise<void> {
    try {
      await transfer;
    } catch (error) {
      if (!(error instanceof GitError && error.kind === 'ref-not-found')) throw error;
      throw missingRef(this.url, ref, await branchesAndTags(this.remote));
    }
  }

  private async git(commands: (git: SimpleGit) => unknown, revision?: GitRevision): Promise<void> {
    try {
      await this.session.run({ cwd: this.tree, onLine: this.onLine, signal: this.signal }, async (git) => {
        await commands(git);
      });
    } catch (error) {
      throw this.session.failure(error, this.url, revision);
    }
  }

  private async has(revision: string): Promise<boolean> {
    const arguments_ = ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`];
    return (await this.session.query(this.tree, this.signal, (git) => git.raw(arguments_))) !== undefined;
  }
}
