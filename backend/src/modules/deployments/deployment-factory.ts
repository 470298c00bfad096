import { Injectable } from '@nestjs/common';
import { DomainError, type FieldError } from '#src/common/errors/domain-error.js';
import { trimTrailing } from '#src/common/trim-trailing.js';
import { validationFailed } from '#src/common/validation.pipe.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment, Prisma } from '#src/generated/prisma/client.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { EgressPolicy } from '#src/integrations/git/egress-policy.js';
import { type BuildRequest, readBuildRequest } from './build-request.js';
import { type GitRequest, readGitRequest } from './git-request.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { builtRepository, builtTag } from './domain/built-image.js';
import { type ImageReference, parseImageReference, TAG } from './domain/image-reference.js';
import { defaultDeploymentName } from './domain/names.js';
import { type RunOptions, runOptionsErrors, runOptionsOf } from './run-options.js';
import type { PortMapping } from './domain/release.js';
import { type SecretColumn, secretContext } from './domain/secret-context.js';

export interface DeploymentRequest {
  environmentId: string;
  name: string;
  run: Pick<RunOptions, 'ports' | 'publicAs'>;
  data: Prisma.DeploymentUncheckedCreateInput & { jobId: string };
}

/** Columns that a clone of a deployment copies, beside its secrets and its image. */
const COPIED: ReadonlySet<string> = new Set([
  'name',
  'environmentId',
  'source',
  'replicas',
  'command',
  'releaseCommand',
  'drainSeconds',
  'capabilities',
  'ports',
  'volumes',
  'healthCheck',
  'resources',
  'envVarNames',
  'buildArgNames',
  'gitUrl',
  'gitBranch',
  'gitOptions',
  'uploadId',
  'sourceSha256',
] satisfies (keyof Deployment)[]);
const SEALED: SecretColumn[] = ['envVars', 'registryAuth', 'gitAuth', 'buildArgs'];

/** Builds the row of a deployment from a request's body or from another deployment, and checks its admission. */
@Injectable()
export class DeploymentFactory {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly config: Config,
    private readonly secrets: SecretBox,
    private readonly ids: IdSource,
    private readonly clock: Clock,
    private readonly egress: EgressPolicy,
    private readonly sites: SitesRepository,
  ) {}

  /** Pure but for id and time. Throws VALIDATION_FAILED with every invalid field. */
  fromImage(body: CreateDeploymentDto): DeploymentRequest {
    const reference = parseImageReference(body.image);
    const errors = [...imageErrors(body, reference), ...runOptionsErrors(body, this.config)];
    if (errors.length > 0 || !reference) throw validationFailed(errors);
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName(reference.repository, jobId);
    const { registryAuth } = body;
    return {
      environmentId: body.environmentId,
      name,
      run,
      data: {
        ...this.columns(body.environmentId, { jobId, name, run }),
        source: 'IMAGE',
        image: reference.repository,
        tag: reference.digest ? '' : (reference.tag ?? body.tag ?? 'latest'),
        imageDigest: reference.digest ?? null,
        registryAuth: registryAuth ? this.seal(jobId, 'registryAuth', registryAuth) : null,
      },
    };
  }

  /** As `fromImage`, for a Git repository. */
  fromGit(body: CreateGitDeploymentDto): DeploymentRequest & { git: GitRequest } {
    const allows = (host: string, address: string) => this.egress.allows(host, address);
    const { errors: gitErrors, request } = readGitRequest(body, { allows });
    const errors = [...gitErrors, ...runOptionsErrors(body, this.config)];
    if (errors.length > 0 || !request) throw validationFailed(errors);
    const { url, auth, options, buildArgs } = request;
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName(trimTrailing(url.url, '/').replace(/\.git$/, ''), jobId);
    return {
      environmentId: body.environmentId,
      name,
      run,
      git: request,
      data: {
        ...this.columns(body.environmentId, { jobId, name, run }),
        ...this.buildColumns(body.environmentId, { jobId, name }, { options, buildArgs }),
        source: 'GIT',
        gitUrl: url.url,
        gitBranch: options.ref,
        gitAuth: auth ? this.seal(jobId, 'gitAuth', auth) : null,
      },
    };
  }

  /** As `fromImage`, for an upload. The caller adds `sourceSha256` when it has found the upload. */
  fromUpload(body: CreateUploadDeploymentDto): DeploymentRequest {
    const { errors: buildErrors, request } = readBuildRequest(body, 'upload');
    const errors = [...buildErrors, ...runOptionsErrors(body, this.config)];
    if (errors.length > 0 || !request) throw validationFailed(errors);
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName('upload', jobId);
    return {
      environmentId: body.environmentId,
      name,
      run,
      data: {
        ...this.columns(body.environmentId, { jobId, name, run }),
        ...this.buildColumns(body.environmentId, { jobId, name }, request),
        source: 'UPLOAD',
        uploadId: body.uploadId,
      },
    };
  }

  /**
   * Clones a deployment into a new one of the same name. With `keepImage` it has the same image digest and claims no
   * public domain: the environment's domain may have changed since.
   */
  cloneFrom(row: Deployment, { keepImage = false } = {}): DeploymentRequest {
    const jobId = this.ids.jobId();
    const { name, environmentId, virtualHost, virtualPort } = row;
    const now = this.clock.now();
    const isPublic = virtualHost !== null && !keepImage;
    const copied = Object.entries(row).filter(([column, value]) => COPIED.has(column) && value !== null);
    const sealed = SEALED.map((column) => [column, this.reseal(row, column, jobId)] as const);
    return {
      environmentId,
      name,
      run: {
        ports: row.ports as unknown as PortMapping[],
        publicAs: isPublic ? { domain: virtualHost, port: virtualPort } : undefined,
      },
      data: {
        ...(Object.fromEntries(copied) as unknown as Prisma.DeploymentUncheckedCreateInput),
        ...Object.fromEntries(sealed),
        ...(keepImage ? imageOf(row) : this.unresolvedImage(row, jobId)),
        jobId,
        createdAt: now,
        expiresAt: row.expiresAt !== null && row.expiresAt > now ? row.expiresAt : null,
        virtualHost: isPublic ? virtualHost : null,
        virtualPort: isPublic ? virtualPort : null,
      },
    };
  }

  /**
   * Throws when the quota is exhausted, or the public domain or a host port is taken. Must run in the transaction that
   * creates the row, with the environment locked.
   */
  async checkAdmission(db: Db, environment: { id: string }, { name, run }: DeploymentRequest): Promise<void> {
    const max = this.config.quota.deploymentsPerEnvironment;
    if ((await this.deployments.countLive(db, environment.id)) >= max) {
      throw new DomainError('DEPLOYMENT_QUOTA_EXCEEDED', {
        detail: `This environment has ${max} live deployments, the maximum.`,
        hint: 'Delete a deployment first.',
      });
    }
    if (run.publicAs) await this.sites.refuseTaken(db, environment.id, run.publicAs.domain);
    const published = run.ports.filter(({ host }) => host !== undefined);
    if (published.length > 0) await this.deployments.lockHostPorts(db);
    for (const port of published) {
      if (await this.deployments.hostPortHeld(db, port, { environmentId: environment.id, name })) {
        throw new DomainError('HOST_PORT_TAKEN', {
          detail: `Host port ${port.host}/${port.protocol} is used by another deployment.`,
          hint: 'Choose another `ports[].host`.',
        });
      }
    }
  }

  /** Columns of every deployment. */
  private columns(environmentId: string, { jobId, name, run }: { jobId: string; name: string; run: RunOptions }) {
    const { replicas, ports, volumes, envVars, command, healthCheck, resources, capabilities, publicAs } = run;
    const { releaseCommand, drainSeconds, ttlSeconds } = run;
    const now = this.clock.now();
    const json = (value: unknown) => value as Prisma.InputJsonValue;
    return {
      jobId,
      name,
      environmentId,
      createdAt: now,
      expiresAt: expiryOf(now, ttlSeconds),
      replicas,
      command,
      releaseCommand,
      drainSeconds,
      capabilities,
      virtualHost: publicAs?.domain ?? null,
      virtualPort: publicAs?.port ?? null,
      ports: json(ports),
      volumes: json(volumes),
      healthCheck: json(healthCheck),
      resources: json(resources),
      envVarNames: Object.keys(envVars),
      envVars: this.seal(jobId, 'envVars', envVars),
    };
  }

  /** Columns of a deployment that is built from Git or an upload. */
  private buildColumns(
    environmentId: string,
    { jobId, name }: { jobId: string; name: string },
    { options, buildArgs }: BuildRequest,
  ) {
    return {
      image: builtRepository(this.config.build.registry, environmentId, name),
      tag: builtTag(jobId),
      gitOptions: options as unknown as Prisma.InputJsonValue,
      buildArgNames: Object.keys(buildArgs),
      buildArgs: this.seal(jobId, 'buildArgs', buildArgs),
    };
  }

  /** Image columns of a clone that resolves its tag, or builds its image, again. */
  private unresolvedImage({ source, environmentId, name, image, tag, imageDigest }: Deployment, jobId: string) {
    if (source !== 'IMAGE')
      return { image: builtRepository(this.config.build.registry, environmentId, name), tag: builtTag(jobId) };
    return { image, tag, imageDigest: tag === '' ? imageDigest : null };
  }

  private reseal(row: Deployment, column: SecretColumn, jobId: string): string | null {
    const sealed = row[column];
    if (!sealed) return null;
    return this.secrets.seal(this.secrets.open(sealed, secretContext(row.jobId, column)), secretContext(jobId, column));
  }

  private seal(jobId: string, column: SecretColumn, value: object): string {
    return this.secrets.seal(JSON.stringify(value), secretContext(jobId, column));
  }
}

/** Image columns of a clone with the same image. */
function imageOf({ id, image, tag, imageDigest, gitCommitSha, build, rollbackOfId }: Deployment) {
  return { image, tag, imageDigest, gitCommitSha, ...(build !== null && { build }), rollbackOfId: rollbackOfId ?? id };
}

function imageErrors({ tag }: CreateDeploymentDto, reference: ImageReference | undefined): FieldError[] {
  if (!reference)
    return [
      {
        path: 'image',
        message: 'must be a registry reference such as nginx, nginx:alpine or ghcr.io/owner/image@sha256:…',
      },
    ];
  if (tag === undefined) return [];
  if (!TAG.test(tag)) return [{ path: 'tag', message: 'must be 1 to 128 letters, digits, _, . or -' }];
  const conflict = reference.digest
    ? 'a digest'
    : reference.tag && reference.tag !== tag
      ? `the tag ${reference.tag}`
      : undefined;
  return conflict ? [{ path: 'tag', message: `must be omitted: image already has ${conflict}` }] : [];
}
