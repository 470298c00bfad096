import { chown, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AddressGuard } from './address-guard.js';
import { CertificateBundle } from './certificate-bundle.js';
import { GitError, kindOfOutput } from './git-error.js';
import { GitGateway } from './git-gateway.js';
import type { GitOutcome } from './git-process.js';
import { GitSession, type SessionFiles } from './git-session.js';
import type { FetchedCommit, FetchProgress, GitSource, GitWish } from './git-source.js';
import { unprivilegedUser } from '../../common/unprivileged-user.js';

const LOOK_AT_SIZE_MS = 300;
const TRIES = 3;
const RETRY_MS = 1000;
const MAX_FILES = 200_000;

export interface FetchOptions {
  /** a directory of this clone alone; the tree comes into `tree` below it */
  dir: string;
  wish: GitWish;
  submodules: boolean;
  onLine: (line: string) => void;
  onProgress: (progress: FetchProgress) => void;
  signal: AbortSignal;
}

/** Repositories of others. Every way to one goes through here: the address is checked, time and size are bounded, and no configuration but ours counts. */
@Injectable()
export class GitRepositories {
  constructor(
    private readonly guard: AddressGuard,
    private readonly certificates: CertificateBundle,
    private readonly config: Config,
  ) {}

  /** The files of the commit that is wanted, and nothing else of the history. Throws GitError. */
  async fetch(source: GitSource, options: FetchOptions): Promise<FetchedCommit> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryFetch(source, options);
      } catch (error) {
        if (!(error instanceof GitError) || error.kind !== 'unreachable' || attempt === TRIES) throw error;
        await delay(RETRY_MS, undefined, { signal: options.signal });
      }
    }
  }

  /** The commit that a branch, a tag or the remote's HEAD means now, without its files. `dir` is a folder for this conversation. Throws GitError. */
  lookUp(
    source: GitSource,
    ref: string | undefined,
    { dir, signal }: Pick<FetchOptions, 'dir' | 'signal'>,
  ): Promise<string> {
    return this.within(source, dir, signal, async (session, bound) => {
      const names = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/tags/${ref}^{}`];
      const outcome = await session.run(['ls-remote', '--', source.url.url, ...names], dir, { signal: bound });
      if (outcome.code !== 0) throw failure(session, outcome, source.url.url, { ref, commit: undefined });
      const sha = namedCommit(outcome.stdout);
      if (sha !== undefined) return sha;
      const what = ref === undefined ? 'The repository is empty' : `There is no branch and no tag named ${ref}`;
      throw new GitError('ref-not-found', `${what}: ${source.url.url}.`);
    });
  }

  private tryFetch(source: GitSource, options: FetchOptions): Promise<FetchedCommit> {
    const { dir, signal } = options;
    return this.within(source, dir, signal, async (session, bound) => {
      const tree = path.join(dir, 'tree');
      await rm(tree, { recursive: true, force: true });
      await mkdir(tree, { recursive: true });
      const user = unprivilegedUser();
      if (user) await chown(tree, user.uid, user.gid);
      const { maxRepositoryBytes } = this.config.git;
      return new Fetch(session, source, { ...options, signal: bound }, tree, maxRepositoryBytes).run();
    });
  }

  private async within<T>(
    source: GitSource,
    dir: string,
    signal: AbortSignal,
    use: (session: GitSession, bound: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.config.git;
    const patience = AbortSignal.timeout(timeoutMs);
    const { url } = source;
    const sshAddress = url.protocol === 'ssh' ? await this.guard.resolve(url.host) : undefined;
    const gateway = await GitGateway.open(this.guard);
    let session: GitSession | undefined;
    try {
      session = await GitSession.open(source, await this.files(dir), gateway, sshAddress);
      return await use(session, AbortSignal.any([signal, patience]));
    } catch (error) {
      signal.throwIfAborted();
      if (patience.aborted)
        throw new GitError('timeout', `${url.host} did not deliver within ${timeoutMs / 1000} s.`, { cause: error });
      // A size that was passed is the reason of everything after it; git's own words are the last resort.
      throw error instanceof GitError && error.kind === 'too-large' ? error : (gateway.problem ?? error);
    } finally {
      gateway.close();
      await session?.close();
    }
  }

  private async files(dir: string): Promise<SessionFiles> {
    const { dir: shared, searchPath } = this.config.git;
    const user = unprivilegedUser();
    await mkdir(dir, { recursive: true });
    if (user) await chown(dir, user.uid, user.gid);
    const knownHosts = path.join(shared, 'known_hosts');
    return { dir, knownHosts, user, searchPath, caFile: await this.certificates.file() };
  }
}

class Fetch {
  /** that HEAD names */
  private branch: string | undefined;

  constructor(
    private readonly session: GitSession,
    private readonly source: GitSource,
    private readonly options: FetchOptions,
    private readonly tree: string,
    private readonly maxBytes: number,
  ) {}

  async run(): Promise<FetchedCommit> {
    const { wish, submodules } = this.options;
    const metadata = path.join(this.tree, '.git');
    await this.watched(metadata, (signal) =>
      wish.commit ? this.fetch(wish.commit, signal) : this.clone(wish.ref, signal),
    );
    const { sha, committedAt } = await this.checkOut(wish.commit ?? 'HEAD');
    if (submodules) await this.watched(this.tree, (signal) => this.submodules(signal));
    const head = wish.commit ? '' : (this.branch ?? '');
    return { sha, committedAt, ref: wish.ref ?? (head || undefined) };
  }

  /** A branch or a tag, in one conversation: what it is now, and its files. */
  private async clone(ref: string | undefined, signal: AbortSignal): Promise<void> {
    const wanted = ref === undefined ? [] : [`--branch=${ref}`];
    const options = ['--no-checkout', '--depth=1', '--no-tags', '--single-branch', '--template=', '--progress'];
    await this.git(['clone', ...options, ...wanted, '--', this.source.url.url, this.tree], signal);
    const head = await readFile(path.join(this.tree, '.git/HEAD'), 'utf8');
    this.branch = /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1];
  }

  /** Exactly that one, which no name needs to point to. */
  private async fetch(sha: string, signal: AbortSignal): Promise<void> {
    const format = sha.length === 64 ? ['--object-format=sha256'] : [];
    await this.git(['init', '--quiet', '--template=', ...format]);
    const options = ['--progress', '--depth=1', '--no-tags', '--no-recurse-submodules'];
    await this.git(['fetch', ...options, '--', this.source.url.url, sha], signal);
    await this.git(['remote', 'add', 'origin', this.source.url.url]); // what relative URLs of submodules are relative to
  }

  /** The files come while they are measured: what is too large is known long before it is there. */
  private async checkOut(revision: string): Promise<{ sha: string; committedAt: Date }> {
    const enough = new AbortController();
    const signal = AbortSignal.any([this.options.signal, enough.signal]);
    const commit = this.commit(revision);
    const files = this.git(['checkout', '--quiet', '--force', '--detach', revision], signal);
    const outcome = Promise.allSettled([files]);
    try {
      await Promise.all([commit, this.measureTree(revision)]);
    } catch (error) {
      enough.abort(error);
      await outcome;
      throw error;
    }
    await files;
    return commit;
  }

  private async commit(revision: string): Promise<{ sha: string; committedAt: Date }> {
    const { code, stdout } = await this.session.run(['log', '-1', '--format=%H %ct', revision], this.tree, {
      signal: this.options.signal,
    });
    const [sha = '', seconds] = stdout.trim().split(' ');
    if (code !== 0) throw new GitError('ref-not-found', 'The repository is empty: it has no commit yet.');
    return { sha, committedAt: new Date(Number(seconds) * 1000) };
  }

  private async submodules(signal: AbortSignal): Promise<void> {
    const args = ['submodule', 'update', '--init', '--recursive', '--depth=1', '--progress'];
    const outcome = await this.session.runForSubmodules(args, this.tree, { onLine: this.tell, signal });
    if (outcome.code !== 0) throw failure(this.session, outcome, 'a submodule');
  }

  private async git(args: string[], signal = this.options.signal): Promise<GitOutcome> {
    const outcome = await this.session.run(args, this.tree, { onLine: this.tell, signal });
    if (outcome.code !== 0) throw failure(this.session, outcome, this.source.url.url, this.options.wish);
    return outcome;
  }

  /** What is compressed in the pack may be any size once it is files. */
  private async measureTree(revision: string): Promise<void> {
    const { code, stdout } = await this.session.run(['ls-tree', '-r', '-l', '-z', '--full-tree', revision], this.tree, {
      signal: this.options.signal,
    });
    if (code !== 0) return; // an empty repository, which is said elsewhere
    const entries = stdout.split('\0').filter(Boolean);
    const bytes = entries.reduce((sum, entry) => sum + (Number(/^\d+ \w+ \w+ +(\d+)\t/.exec(entry)?.[1]) || 0), 0);
    if (bytes > this.maxBytes) throw this.tooLarge();
    if (entries.length > MAX_FILES) throw new GitError('too-large', `It has more than ${MAX_FILES} files.`);
  }

  private async watched<T>(directory: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) {
        if ((await sizeOf(directory)) > this.maxBytes) controller.abort(this.tooLarge());
        await delay(LOOK_AT_SIZE_MS, undefined, { signal: done.signal }).catch(() => undefined);
      }
    })();
    try {
      return await work(AbortSignal.any([this.options.signal, controller.signal]));
    } finally {
      done.abort();
      await watching;
    }
  }

  private tooLarge(): GitError {
    return new GitError(
      'too-large',
      `It is larger than the ${Math.round(this.maxBytes / 2 ** 20)} MiB that are allowed.`,
    );
  }

  private readonly tell = (line: string, final: boolean): void => {
    const [, what, percent] = /^(?:remote: )?([A-Z][a-z]+ing [a-z]+): +(\d+)%/.exec(line) ?? [];
    if (what && percent) this.options.onProgress({ message: `${what} ${percent}%`, current: Number(percent) });
    if (final) this.options.onLine(line);
  };
}

/** A branch before a tag, and of a tag with words of its own the commit that it is on. */
function namedCommit(listed: string): string | undefined {
  const lines = listed
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t') as [string, string]);
  const rank = (name: string) => (name.startsWith('refs/heads/') ? 0 : name.endsWith('^{}') ? 1 : 2);
  return lines.toSorted(([, a], [, b]) => rank(a) - rank(b))[0]?.[0];
}

function failure(session: GitSession, { stderr, code }: GitOutcome, what: string, wish?: GitWish): GitError {
  const said = session.clean(stderr);
  const kind = kindOfOutput(stderr);
  const reason = said.split('\n').slice(-4).join('; ') || `git ended with ${code}`;
  switch (kind) {
    case 'ref-not-found':
      return new GitError(
        kind,
        wish?.commit
          ? `${what} has no commit ${wish.commit}, or does not give it away: ${reason}`
          : `There is no branch and no tag named ${wish?.ref ?? ''} in ${what}.`,
      );
    case 'disk-full':
      return new GitError(kind, 'There is no space left for the clone.');
    case 'not-found':
      return new GitError(kind, `There is no repository at ${what}: ${reason}`);
    case 'auth':
      return new GitError(kind, `${what} does not let us in: ${reason}`);
    default:
      return new GitError(kind, `${what} could not be cloned: ${reason}`);
  }
}

/** Of all files below, in bytes; what vanishes meanwhile does not count. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(file);
    else if (entry.isFile())
      bytes += await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
