import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GitError as GitCommandError, type SimpleGit } from 'simple-git';
import { directorySize } from './directory-size.js';
import { GitError } from './git-error.js';
import type { GitSession } from './git-session.js';
import type { FetchedCommit, FetchProgress, GitRevision, GitSource } from './git-source.js';

const SIZE_POLL_INTERVAL_MS = 300;
const MAX_FILES = 200_000;

export interface FetchOptions {
  /** Directory of this clone only; the files are written to `tree` in it. */
  dir: string;
  revision: GitRevision;
  submodules: boolean;
  onLine: (line: string) => void;
  onProgress: (progress: FetchProgress) => void;
  signal: AbortSignal;
}

/** Fetches one commit into `tree` and checks it out, within a size limit. */
export class GitFetch {
  /** The branch of HEAD. */
  private branch: string | undefined;

  constructor(
    private readonly session: GitSession,
    private readonly source: GitSource,
    private readonly options: FetchOptions,
    private readonly tree: string,
    private readonly maxBytes: number,
  ) {}

  async run(): Promise<FetchedCommit> {
    const { revision, submodules } = this.options;
    const metadata = path.join(this.tree, '.git');
    await this.withinSize(metadata, (signal) =>
      revision.commit ? this.fetch(revision.commit, signal) : this.clone(revision.ref, signal),
    );
    const { sha, committedAt } = await this.checkOut(revision.commit ?? 'HEAD');
    if (submodules) await this.withinSize(this.tree, (signal) => this.updateSubmodules(signal));
    const head = revision.commit ? undefined : this.branch;
    return { sha, committedAt, ref: revision.ref ?? head };
  }

  /** Fetches the commit and the files of a branch or a tag in one connection. */
  private async clone(ref: string | undefined, signal: AbortSignal): Promise<void> {
    const branch = ref === undefined ? [] : [`--branch=${ref}`];
    const options = ['--no-checkout', '--depth=1', '--no-tags', '--single-branch', '--template=', '--progress'];
    await this.git(signal, (git) => git.clone(this.source.url.url, this.tree, [...options, ...branch]));
    const head = await readFile(path.join(this.tree, '.git/HEAD'), 'utf8');
    this.branch = /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1];
  }

  /** Fetches exactly this commit; no ref needs to point to it. */
  private async fetch(sha: string, signal: AbortSignal): Promise<void> {
    const { url } = this.source.url;
    const format = sha.length === 64 ? ['--object-format=sha256'] : [];
    const options = ['--progress', '--depth=1', '--no-tags', '--no-recurse-submodules'];
    await this.git(signal, async (git) => {
      await git.init(['--quiet', '--template=', ...format]);
      await git.fetch([...options, '--', url, sha]);
      await git.addRemote('origin', url); // relative URLs of submodules are relative to it
    });
  }

  /** Checks out and measures at the same time: `ls-tree` knows the size long before all files are written. */
  private async checkOut(revision: string): Promise<{ sha: string; committedAt: Date }> {
    const failed = new AbortController();
    const signal = AbortSignal.any([this.options.signal, failed.signal]);
    const checkout = this.git(signal, (git) => git.checkout(revision, ['--quiet', '--force', '--detach']));
    const settled = Promise.allSettled([checkout]);
    try {
      const [commit] = await Promise.all([this.readCommit(revision), this.measureTree(revision)]);
      await checkout;
      return commit;
    } catch (error) {
      failed.abort(error);
      await settled;
      throw error;
    }
  }

  private async readCommit(revision: string): Promise<{ sha: string; committedAt: Date }> {
    const log = await this.query((git) => git.raw(['log', '-1', '--format=%H %ct', revision]));
    const [sha, seconds] = log?.trim().split(' ') ?? [];
    if (!sha) throw new GitError('ref-not-found', 'The repository is empty: it has no commit yet.');
    return { sha, committedAt: new Date(Number(seconds) * 1000) };
  }

  /** A small pack may unpack to any size. */
  private async measureTree(revision: string): Promise<void> {
    const listing = await this.query((git) => git.raw(['ls-tree', '-r', '-l', '-z', '--full-tree', revision]));
    const entries = listing?.split('\0').filter(Boolean) ?? []; // readCommit reports an empty repository
    const bytes = entries.reduce((sum, entry) => sum + (Number(/^\d+ \w+ \w+ +(\d+)\t/.exec(entry)?.[1]) || 0), 0);
    if (bytes > this.maxBytes) throw this.tooLarge();
    if (entries.length > MAX_FILES) throw new GitError('too-large', `It has more than ${MAX_FILES} files.`);
  }

  private async updateSubmodules(signal: AbortSignal): Promise<void> {
    // Submodules use HTTPS only, whatever transport the repository itself uses.
    const run = { cwd: this.tree, protocol: 'https', onLine: this.reportLine, signal } as const;
    try {
      await this.session.run(run, (git) => git.submoduleUpdate(['--init', '--recursive', '--depth=1', '--progress']));
    } catch (error) {
      throw this.session.failure(error, 'a submodule');
    }
  }

  private async git<T>(signal: AbortSignal, commands: (git: SimpleGit) => PromiseLike<T>): Promise<T> {
    try {
      return await this.session.run({ cwd: this.tree, onLine: this.reportLine, signal }, commands);
    } catch (error) {
      throw this.session.failure(error, this.source.url.url, this.options.revision);
    }
  }

  /** The output of a local command; undefined when it fails. */
  private async query(commands: (git: SimpleGit) => PromiseLike<string>): Promise<string | undefined> {
    try {
      return await this.session.run({ cwd: this.tree, signal: this.options.signal }, commands);
    } catch (error) {
      if (error instanceof GitCommandError) return undefined;
      throw error;
    }
  }

  private async withinSize<T>(directory: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const tooLarge = new AbortController();
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) {
        if ((await directorySize(directory)) > this.maxBytes) tooLarge.abort(this.tooLarge());
        await delay(SIZE_POLL_INTERVAL_MS, undefined, { signal: done.signal }).catch(() => undefined);
      }
    })();
    try {
      return await work(AbortSignal.any([this.options.signal, tooLarge.signal]));
    } finally {
      done.abort();
      await watching;
    }
  }

  private tooLarge(): GitError {
    const limitMb = Math.round(this.maxBytes / 2 ** 20);
    return new GitError('too-large', `It is larger than the limit of ${limitMb} MiB.`);
  }

  private readonly reportLine = (line: string, isFinal: boolean): void => {
    const [, what, percent] = /^(?:remote: )?([A-Z][a-z]+ing [a-z]+): +(\d+)%/.exec(line) ?? [];
    if (what && percent) this.options.onProgress({ message: `${what} ${percent}%`, current: Number(percent) });
    if (isFinal) this.options.onLine(line);
  };
}
