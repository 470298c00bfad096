import { chown, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import pRetry from 'p-retry';
import { gitUser } from '#src/common/unprivileged-user.js';
import { Config } from '#src/config/config.js';
import { CertificateBundle } from './certificate-bundle.js';
import { EgressPolicy } from './egress-policy.js';
import { GitEgressProxy } from './git-egress-proxy.js';
import { GitError } from './git-error.js';
import { type FetchOptions, GitFetch } from './git-fetch.js';
import { GitSession, type SessionFiles } from './git-session.js';
import type { FetchedCommit, GitSource } from './git-source.js';

const RETRY = { retries: 2, minTimeout: 1000, factor: 1 };

/**
 * Connects to external repositories: checks their address, limits time and size, and isolates git from every
 * configuration but Berth's own.
 */
@Injectable()
export class GitRepositories {
  constructor(
    private readonly egress: EgressPolicy,
    private readonly certificates: CertificateBundle,
    private readonly config: Config,
  ) {}

  /** Fetches the files of one commit, without history. Throws GitError. */
  fetch(source: GitSource, options: FetchOptions): Promise<FetchedCommit> {
    return pRetry(() => this.tryFetch(source, options), {
      ...RETRY,
      signal: options.signal,
      shouldRetry: ({ error }) => error instanceof GitError && error.kind === 'unreachable',
    });
  }

  /** Resolves a branch, a tag or the remote's HEAD to its commit. `dir` belongs to this call only. Throws GitError. */
  lookUp(
    source: GitSource,
    ref: string | undefined,
    { dir, signal }: Pick<FetchOptions, 'dir' | 'signal'>,
  ): Promise<string> {
    const { url } = source.url;
    return this.withSession(source, dir, signal, async (session, bound) => {
      const names = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/tags/${ref}^{}`];
      const listed = await session
        .run({ cwd: dir, signal: bound }, (git) => git.listRemote(['--', url, ...names]))
        .catch((error: unknown) => {
          throw session.failure(error, url, { ref, commit: undefined });
        });
      const sha = namedCommit(listed);
      if (sha !== undefined) return sha;
      const what = ref === undefined ? 'The repository is empty' : `There is no branch and no tag named ${ref}`;
      throw new GitError('ref-not-found', `${what}: ${url}.`);
    });
  }

  private tryFetch(source: GitSource, options: FetchOptions): Promise<FetchedCommit> {
    const { dir, signal } = options;
    return this.withSession(source, dir, signal, async (session, bound) => {
      const tree = path.join(dir, 'tree');
      await rm(tree, { recursive: true, force: true });
      await mkdir(tree, { recursive: true });
      const user = gitUser();
      if (user) await chown(tree, user.uid, user.gid);
      const { maxRepositoryBytes } = this.config.git;
      return new GitFetch(session, source, { ...options, signal: bound }, tree, maxRepositoryBytes).run();
    });
  }

  private async withSession<T>(
    source: GitSource,
    dir: string,
    signal: AbortSignal,
    use: (session: GitSession, bound: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.config.git;
    const timeout = AbortSignal.timeout(timeoutMs);
    const { url } = source;
    const sshAddress = url.protocol === 'ssh' ? await this.egress.resolve(url.host) : undefined;
    const proxy = await GitEgressProxy.open(this.egress);
    let session: GitSession | undefined;
    try {
      session = await GitSession.open(source, await this.files(dir), proxy, sshAddress);
      return await use(session, AbortSignal.any([signal, timeout]));
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted)
        throw new GitError('timeout', `${url.host} did not deliver within ${timeoutMs / 1000} s.`, { cause: error });
      // An exceeded size causes every later failure; git's own message is the last resort.
      throw error instanceof GitError && error.kind === 'too-large' ? error : (proxy.failure ?? error);
    } finally {
      proxy.close();
      await session?.close();
    }
  }

  private async files(dir: string): Promise<SessionFiles> {
    const { dir: shared, searchPath } = this.config.git;
    const user = gitUser();
    await mkdir(dir, { recursive: true });
    if (user) await chown(dir, user.uid, user.gid);
    const knownHosts = path.join(shared, 'known_hosts');
    return { dir, knownHosts, user, searchPath, caFile: await this.certificates.file() };
  }
}

/** Prefers a branch to a tag, and the commit of an annotated tag to the tag object. */
function namedCommit(listed: string): string | undefined {
  const lines = listed
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t') as [string, string]);
  const rank = (name: string) => (name.startsWith('refs/heads/') ? 0 : name.endsWith('^{}') ? 1 : 2);
  return lines.toSorted(([, a], [, b]) => rank(a) - rank(b))[0]?.[0];
}
