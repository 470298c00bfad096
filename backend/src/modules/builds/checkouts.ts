import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { gitUser } from '#src/common/unprivileged-user.js';
import { Config } from '#src/config/config.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { FetchOptions } from '#src/integrations/git/git-fetch.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import type { FetchedCommit, GitSource } from '#src/integrations/git/git-source.js';
import { BuiltDeploymentsRepository } from './built-deployments.repository.js';

const COMPLETE = 'complete';
const ONLY_DEPLOYMENT_IDS = /^[a-z0-9]+$/;

/** The unmodified files of a commit. */
export interface Checkout extends FetchedCommit {
  tree: string;
}

/** Manages the checkout directory of each build, which exists only while the build needs it. */
@Injectable()
export class Checkouts implements OnModuleInit {
  private readonly logger = new Logger(Checkouts.name);

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

  directory(deploymentId: string): string {
    return path.join(this.config.build.dir, deploymentId);
  }

  /** Clones the commit, unless an earlier attempt has completed the clone. Throws GitError. */
  async ensure(deploymentId: string, source: GitSource, options: Omit<FetchOptions, 'dir'>): Promise<Checkout> {
    const dir = this.directory(deploymentId);
    const known = await this.complete(dir, options.revision.commit);
    if (known) return known;
    const { ref, commit } = options.revision;
    options.onLine(`Cloning ${source.url.url}, ${commit ?? ref ?? 'the default branch'}`);
    const fetched = await this.repositories.fetch(source, { ...options, dir });
    await writeFile(path.join(dir, COMPLETE), JSON.stringify(fetched));
    options.onLine(`Checked out commit ${fetched.sha}`);
    return { ...fetched, tree: path.join(dir, 'tree') };
  }

  async remove(deploymentId: string): Promise<void> {
    await rm(this.directory(deploymentId), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
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
    const found = (await readdir(this.config.build.dir)).filter((name) => ONLY_DEPLOYMENT_IDS.test(name));
    if (found.length === 0) return;
    const inProgress = await this.deployments.idsInProgress(found);
    for (const id of found) if (!inProgress.has(id)) await this.remove(id);
  }
}
