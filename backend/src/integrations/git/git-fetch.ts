import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SimpleGit } from 'simple-git';
import { directorySize } from './directory-size.js';
import { GitError } from './git-error.js';
import type { GitSession } from './git-session.js';
import type { FetchedCommit, FetchProgress, GitRevision, GitSource } from './git-source.js';
import { GitSubmodules } from './git-submodules.js';
import { GitTransfer } from './git-transfer.js';

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
  constructor(
    private readonly session: GitSession,
    private readonly source: GitSource,
    private readonly options: FetchOptions,
    private readonly tree: string,
    private readonly maxBytes: number,
  ) {}

  async run(): Promise<FetchedCommit> {
    const { url } = this.source;
    const { ref, revision } = await this.withinSize(path.join(this.tree, '.git'), (signal) =>
      new GitTransfer(this.session, url.url, this.tree, this.reportLine, signal).run(this.options.revision),
    );
    const { sha, committedAt } = await this.checkOut(revision);
    if (this.options.submodules)
      await this.withinSize(this.tree, (signal) =>
        new GitSubmodules(this.session, this.source, this.reportLine, signal).update(this.tree),
      );
    return { sha, committedAt, ref };
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
    const log = await this.session.query(this.tree, this.options.signal, (git) =>
      git.raw(['log', '-1', '--format=%H %ct', revision]),
    );
    const [sha, seconds] = log?.trim().split(' ') ?? [];
    if (!sha) throw new GitError('ref-not-found', 'The repository is empty: it has no commit yet.');
    return { sha, committedAt: new Date(Number(seconds) * 1000) };
  }

  /** A small pack may unpack to any size. */
  private async measureTree(revision: string): Promise<void> {
    const listing = await this.session.query(this.tree, this.options.signal, (git) =>
      git.raw(['ls-tree', '-r', '-l', '-z', '--full-tree', revision]),
    );
    const entries = listing?.split('\0').filter(Boolean) ?? []; // readCommit reports an empty repository
    const bytes = entries.reduce((sum, entry) => sum + (Number(/^\d+ \w+ \w+ +(\d+)\t/.exec(entry)?.[1]) || 0), 0);
    if (bytes > this.maxBytes) throw this.tooLarge();
    if (entries.length > MAX_FILES) throw new GitError('too-large', `It has more than ${MAX_FILES} files.`);
  }

  private async git<T>(signal: AbortSignal, commands: (git: SimpleGit) => PromiseLike<T>): Promise<T> {
    try {
      return await this.session.run({ cwd: this.tree, onLine: this.reportLine, signal }, commands);
    } catch (error) {
      throw this.session.failure(error, this.source.url.url, this.options.revision);
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
