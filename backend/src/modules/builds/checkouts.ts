import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { newId } from '#src/common/time/id-source.js';
import { gitUser } from '#src/common/unprivileged-user.js';
import { Config } from '#src/config/config.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { FetchOptions } from '#src/integrations/git/git-fetch.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import type { FetchedCommit, GitSource } from '#src/integrations/git/git-source.js';
import { BuiltDeploymentsRepository } from './built-deployments.repository.js';

const COMPLETE = 'complete';
/** `{deploymentId}-{attempt}`; an earlier version named the directory by the id only. */
const DIRECTORY = /^([a-z0-9]+)(?:-(\d+))?$/;

/** One run of a deployment's build. */
export interface Attempt {
  /** id of the deployment */
  id: string;
  attempt: number;
}

/** The unmodified files of a commit. */
export interface Checkout extends FetchedCommit {
  tree: string;
}

/**
 * Manages the checkout directory of each attempt of a build, which exists only while the build needs it. A superseded
 * attempt that still runs cannot touch the files of the current one.
 */
@Injectable()
export class Checkouts implements OnModuleInit {
  private readonly logger = new Logger(Checkouts.name);
  /** ids without a deployment whose directories are in use */
  private readonly temporary = new Set<string>();

  constructor(
    private readonly repositories: GitRepositories,
    private readonly deployments: BuiltDeploymentsRepository,
    private readonly worker: JobWorker,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    this.worker.register('build.sweep-directories', () => this.sweep());
    this.worker.schedule('build.sweep-directories', '*/30 * * * *');
    await this.prepare();
    await this.sweep().catch((error: unknown) =>
      this.logger.warn(`sweep of build directories failed: ${String(error)}`),
    );
  }

  /** Clones the commit, unless an earlier step of this attempt has completed the clone. Throws GitError. */
  async ensure({ id, attempt }: Attempt, source: GitSource, options: Omit<FetchOptions, 'dir'>): Promise<Checkout> {
    const dir = this.directoryOf({ id, attempt });
    const known = await this.complete(dir, options.revision.commit);
    if (known) return known;
    const { ref, commit } = options.revision;
    options.onLine(`Cloning ${source.url.url}, ${commit ?? ref ?? 'the default branch'}`);
    const fetched = await this.repositories.fetch(source, { ...options, dir });
    await writeFile(path.join(dir, COMPLETE), JSON.stringify(fetched));
    options.onLine(`Checked out commit ${fetched.sha}`);
    return { ...fetched, tree: path.join(dir, 'tree') };
  }

  /** Runs `work` with an attempt that belongs to no deployment, and removes its directory afterwards. */
  async withTemporary<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = { id: newId(), attempt: 0 };
    this.temporary.add(attempt.id);
    try {
      return await work(attempt);
    } finally {
      this.temporary.delete(attempt.id);
      await this.remove(attempt);
    }
  }

  directoryOf({ id, attempt }: Attempt): string {
    return path.join(this.config.build.dir, `${id}-${attempt}`);
  }

  /** Removes the directories of this attempt and of earlier ones, never that of a later one. */
  async remove({ id, attempt }: Attempt): Promise<void> {
    for (const name of await readdir(this.config.build.dir)) {
      const [, owner, number = '0'] = DIRECTORY.exec(name) ?? [];
      if (owner === id && Number(number) <= attempt) await this.removeDirectory(name);
    }
  }

  private async removeDirectory(name: string): Promise<void> {
    const directory = path.join(this.config.build.dir, name);
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  private async complete(dir: string, sha: string | undefined): Promise<Checkout | undefined> {
    const text = await readFile(path.join(dir, COMPLETE), 'utf8').catch(() => undefined);
    if (text === undefined || sha === undefined) return undefined;
    const marker = JSON.parse(text) as FetchedCommit;
    return marker.sha === sha
      ? { ...marker, committedAt: new Date(marker.committedAt), tree: path.join(dir, 'tree') }
      : undefined;
  }

  /** git runs as an unprivileged user that may traverse the build directory but not list it. */
  private async prepare(): Promise<void> {
    const { build, git } = this.config;
    await mkdir(build.dir, { recursive: true, mode: 0o711 });
    await mkdir(git.dir, { recursive: true, mode: 0o755 });
    const hosts = path.join(git.dir, 'known_hosts');
    await writeFile(hosts, '', { flag: 'a' });
    const user = gitUser();
    if (user) for (const file of [git.dir, hosts]) await chown(file, user.uid, user.gid);
  }

  /** Removes directories that a crash has left behind, of deployments that are not in progress. */
  private async sweep(): Promise<void> {
    const found = new Map<string, string>();
    for (const name of await readdir(this.config.build.dir)) {
      const id = DIRECTORY.exec(name)?.[1];
      if (id !== undefined && !this.temporary.has(id)) found.set(name, id);
    }
    if (found.size === 0) return;
    const inProgress = await this.deployments.idsInProgress([...new Set(found.values())]);
    for (const [name, id] of found) if (!inProgress.has(id)) await this.removeDirectory(name);
  }
}
