import { Injectable } from '@nestjs/common';
import type { FieldError } from '#src/common/errors/domain-error.js';
import { trimTrailing } from '#src/common/trim-trailing.js';
import { validationFailed } from '#src/common/validation.pipe.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment, Prisma } from '#src/generated/prisma/client.js';
import { RegistryPolicy } from '#src/integrations/docker/registry-policy.js';
import { EgressPolicy } from '#src/integrations/git/egress-policy.js';
import { shortRef } from '#src/integrations/git/git-ref.js';
import { type BuildRequest, readBuildRequest } from './build-request.js';
import { type GitRequest, readGitRequest } from './git-request.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { builtRepository, builtTag, isPlatformImage } from './domain/built-image.js';
import { type ImageReference, parseImageReference, referenceFault, registryOf, TAG } from './domain/image-reference.js';
import { defaultDeploymentName } from './domain/names.js';
import { type RunOptions, runOptionsErrors, runOptionsOf } from './run-options.js';
import { columnsOf, storedColumns } from './domain/deployment-columns.js';
import { identified } from './domain/content-id.js';
import type { FilesToStore } from './domain/release-file.js';
import { type SecretColumn, secretContext } from './domain/secret-context.js';

export interface DeploymentRequest extends FilesToStore {
  environmentId: string;
  name: string;
  /** id of the deployment that it is made from */
  of?: string;
  run: Pick<RunOptions, 'ports' | 'publicAs' | 'replicas' | 'resources'>;
  data: NewColumns;
}

/** Columns of a new row; the named ones are also read before it is created. */
export type NewColumns = Prisma.DeploymentUncheckedCreateInput &
  Pick<Deployment, 'jobId' | 'source' | 'createdAt'> &
  Partial<Pick<Deployment, ReadColumn>>;
type ReadColumn =
  'envVars' | 'expiresAt' | 'imageDigest' | 'gitCommitSha' | 'sourceSha256' | 'rollbackOfId' | 'isChange';

/** A request with all run options; a clone has the columns of the row. */
export interface NewDeployment extends DeploymentRequest {
  run: RunOptions;
}

/** Columns that a clone of a deployment copies, beside its secrets and its image. */
const COPIED: ReadonlySet<string> = new Set([
  'name',
  'environmentId',
  'replicas',
  'command',
  'releaseCommand',
  'drainSeconds',
  'capabilities',
  'init',
  'stopGraceSeconds',
  'stopSignal',
  'ports',
  'volumes',
  'tmpfs',
  'files',
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
const SEALED: SecretColumn[] = ['envVars', 'registryAuth', 'gitAuth', 'buildArgs', 'buildSecrets'];
/** Columns that a clone has from its origin, beside its image. */
export const CLONED: readonly string[] = [...COPIED, ...SEALED];

/** Builds the row of a deployment from a request's body or from another deployment. */
@Injectable()
export class DeploymentFactory {
  constructor(
    private readonly config: Config,
    private readonly secrets: SecretBox,
    private readonly ids: IdSource,
    private readonly clock: Clock,
    private readonly egress: EgressPolicy,
    private readonly registries: RegistryPolicy,
  ) {}

  /** Pure but for id and time. Throws VALIDATION_FAILED with every invalid field. */
  fromImage(body: CreateDeploymentDto): NewDeployment {
    const reference = parseImageReference(body.image);
    const errors = [
      ...imageErrors(body, reference),
      ...this.registryErrors(reference),
      ...runOptionsErrors(body, this.config),
    ];
    if (errors.length > 0 || !reference) throw validationFailed(errors);
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName(reference.repository, jobId);
    const { registryAuth } = body;
    const made = this.running(body.environmentId, { jobId, name, run });
    return {
      ...made,
      data: {
        ...made.data,
        source: 'IMAGE',
        image: reference.repository,
        tag: reference.digest ? '' : (reference.tag ?? body.tag ?? 'latest'),
        imageDigest: reference.digest ?? null,
        registryAuth: registryAuth ? this.seal(jobId, 'registryAuth', registryAuth) : null,
      },
    };
  }

  private registryErrors(reference: ImageReference | undefined): FieldError[] {
    if (!reference) return [];
    if (isPlatformImage(reference, this.config.build.registry))
      return [{ path: 'image', message: 'must not be an image that this platform has built: redeploy its deployment' }];
    if (!this.registries.refuses(reference.registry)) return [];
    const message = `must not name a private address (${reference.registry}): the operator can allow it in REGISTRY_ALLOWED_PRIVATE_HOSTS`;
    return [{ path: 'image', message }];
  }

  /** As `fromImage`, for a Git repository. */
  fromGit(body: CreateGitDeploymentDto): NewDeployment & { git: GitRequest } {
    const allows = (host: string, address: string) => this.egress.allows(host, address);
    const { errors: gitErrors, request } = readGitRequest(body, { allows });
    const errors = [...gitErrors, ...runOptionsErrors(body, this.config)];
    if (errors.length > 0 || !request) throw validationFailed(errors);
    const { url, auth, options } = request;
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName(trimTrailing(url.url, '/').replace(/\.git$/, ''), jobId);
    const made = this.running(body.environmentId, { jobId, name, run });
    return {
      ...made,
      git: request,
      data: {
        ...made.data,
        ...this.buildColumns(body.environmentId, { jobId, name }, request),
        source: 'GIT',
        gitUrl: url.url,
        gitBranch: options.ref === null ? null : shortRef(options.ref),
        gitAuth: auth ? this.seal(jobId, 'gitAuth', auth) : null,
      },
    };
  }

  /** As `fromImage`, for an upload. The caller adds `sourceSha256` when it has found the upload. */
  fromUpload(body: CreateUploadDeploymentDto): NewDeployment & { build: BuildRequest } {
    const { errors: buildErrors, request } = readBuildRequest(body, 'upload');
    const errors = [...buildErrors, ...runOptionsErrors(body, this.config)];
    if (errors.length > 0 || !request) throw validationFailed(errors);
    const run = runOptionsOf(body, this.config);
    const jobId = this.ids.jobId();
    const name = body.name ?? defaultDeploymentName('upload', jobId);
    const made = this.running(body.environmentId, { jobId, name, run });
    return {
      ...made,
      build: request,
      data: {
        ...made.data,
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
    const { name, environmentId, source, virtualHost, virtualPort } = row;
    const now = this.clock.now();
    const isPublic = virtualHost !== null && !keepImage;
    const copied: object = Object.fromEntries(
      Object.entries(row).filter(([column, value]) => COPIED.has(column) && value !== null),
    );
    const sealed = SEALED.map((column) => [column, this.reseal(row, column, jobId)] as const);
    return {
      environmentId,
      name,
      of: row.id,
      files: columnsOf(row).files,
      run: {
        ports: columnsOf(row).ports,
        resources: columnsOf(row).resources,
        replicas: row.replicas,
        publicAs: isPublic ? { domain: virtualHost, port: virtualPort } : undefined,
      },
      data: {
        ...(copied as NewColumns),
        ...(columnsOf(row).build?.releaseFromProcfile && !keepImage && { releaseCommand: [] }),
        ...Object.fromEntries(sealed),
        ...(keepImage ? keptImage(row) : this.unresolvedImage(row, jobId)),
        jobId,
        source,
        createdAt: now,
        expiresAt: keptExpiry(row, now),
        virtualHost: isPublic ? virtualHost : null,
        virtualPort: isPublic ? virtualPort : null,
      },
    };
  }

  /** What every deployment has: how it runs. */
  private running(environmentId: string, { jobId, name, run }: { jobId: string; name: string; run: RunOptions }) {
    const { replicas, ports, volumes, tmpfs, envVars, command, healthCheck, resources, publicAs } = run;
    const { releaseCommand, drainSeconds, ttlSeconds, capabilities, init, stopGraceSeconds, stopSignal } = run;
    const { files, contents } = identified(run.files, this.secrets);
    const now = this.clock.now();
    const data = {
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
      init,
      stopGraceSeconds,
      stopSignal,
      virtualHost: publicAs?.domain ?? null,
      virtualPort: publicAs?.port ?? null,
      ...storedColumns({ ports, volumes, tmpfs, files, healthCheck, resources }),
      envVarNames: Object.keys(envVars),
      envVars: this.seal(jobId, 'envVars', envVars),
    };
    return { environmentId, name, run, files, contents, data };
  }

  /** Columns of a deployment that is built from Git or an upload. */
  private buildColumns(
    environmentId: string,
    { jobId, name }: { jobId: string; name: string },
    { options, buildArgs, buildSecrets, registryAuth }: BuildRequest,
  ) {
    return {
      image: builtRepository(this.config.build.registry, environmentId, name),
      tag: builtTag(jobId),
      ...storedColumns({ gitOptions: options }),
      buildArgNames: Object.keys(buildArgs),
      buildArgs: this.seal(jobId, 'buildArgs', buildArgs),
      buildSecrets: this.seal(jobId, 'buildSecrets', buildSecrets),
      registryAuth: registryAuth ? this.seal(jobId, 'registryAuth', registryAuth) : null,
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

/** Image columns of a release with the same image. */
export function keptImage({ id, image, tag, imageDigest, gitCommitSha, build, rollbackOfId }: Deployment) {
  return { image, tag, imageDigest, gitCommitSha, ...(build !== null && { build }), rollbackOfId: rollbackOfId ?? id };
}

/** An expiry that has not passed stays. */
export function keptExpiry({ expiresAt }: Pick<Deployment, 'expiresAt'>, now: Date): Date | null {
  return expiresAt !== null && expiresAt > now ? expiresAt : null;
}

function imageErrors(
  { image, tag, registryAuth }: CreateDeploymentDto,
  reference: ImageReference | undefined,
): FieldError[] {
  if (!reference)
    return [
      {
        path: 'image',
        message: referenceFault(image, 'nginx, nginx:alpine or ghcr.io/owner/image@sha256:…'),
      },
    ];
  const { registry } = registryAuth ?? {};
  if (registry != null && registryOf(registry) !== registryOf(reference.registry))
    return [{ path: 'registryAuth.registry', message: `must be ${reference.registry}, the registry of image` }];
  if (tag === undefined) return [];
  if (!TAG.test(tag)) return [{ path: 'tag', message: 'must be 1 to 128 letters, digits, _, . or -' }];
  const conflict = reference.digest
    ? 'a digest'
    : reference.tag && reference.tag !== tag
      ? `the tag ${reference.tag}`
      : undefined;
  return conflict ? [{ path: 'tag', message: `must be omitted: image already has ${conflict}` }] : [];
}
