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
import { fullRefs } from './git-ref.js';
import { GitSession, type SessionFiles } from './git-session.js';
import type { FetchedCommit, GitRevision, GitSource } from './git-source.js';
import {
  branchesAndTags,
  commitOf,
  danglingHead,
  listRefs,
  missingRef,
  onlyBranch,
  type Remote,
} from './remote-refs.js';

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

  /** Resolves a revision to its commit. `dir` belongs to this call only. Throws GitError. */
  lookUp(
    source: GitSource,
    { ref, commit }: GitRevision,
    { dir, signal }: Pick<FetchOptions, 'dir' | 'signal'>,
  ): Promise<string> {
    const { url } = source.url;
    return this.withSession(source, dir, signal, async (session, bound) => {
      const remote = { session, url, cwd: dir, signal: bound };
      const names = ref === undefined ? ['HEAD'] : fullRefs(ref).flatMap((name) => [name, `${name}^{}`]);
      const refs = await listRefs(remote, [], names);
      if (ref !== undefined) {
        const sha = commitOf(refs, ref);
        if (sha === undefined) throw missingRef(url, ref, await branchesAndTags(remote));
        return commit ?? sha;
      }
      const head = commit ?? refs.find(({ name }) => name === 'HEAD')?.sha;
      return head ?? this.onlyCommit(remote);
    });
  }

  /** The commit of the only branch, when HEAD names one that does not exist. */
  private async onlyCommit(remote: Remote): Promise<string> {
    const refs = await listRefs(remote, ['--heads', '--tags', '--refs']);
    const names = refs.map(({ name }) => name);
    const branch = onlyBranch(remote.url, names, names.length > 1 ? await danglingHead(remote) : undefined);
    return refs.find(({ name }) => name === branch)?.sha ?? '';
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
