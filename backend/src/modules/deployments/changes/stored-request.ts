import { type JsonObject, omit } from '#src/common/merge-patch.js';
import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment, DeploymentSource } from '#src/generated/prisma/client.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { pinned } from '#src/modules/deployments/domain/image-reference.js';
import type { FileContents } from '#src/modules/deployments/domain/release-file.js';
import type { FileDto } from '#src/modules/deployments/dto/file.dto.js';
import { DEFAULT_HEALTH_TIMING, firstTcpPort, type PortMapping } from '#src/modules/deployments/domain/release.js';
import { type SecretColumn, secretContext } from '#src/modules/deployments/domain/secret-context.js';
import type { BuildOptionsDto } from '#src/modules/deployments/dto/build-options.dto.js';
import {
  CreateDeploymentDto,
  type HealthCheckDto,
  type RunOptionsDto,
} from '#src/modules/deployments/dto/create-deployment.dto.js';
import { CreateGitDeploymentDto } from '#src/modules/deployments/dto/create-git-deployment.dto.js';
import { CreateUploadDeploymentDto } from '#src/modules/deployments/dto/create-upload-deployment.dto.js';

const DEFAULTS = new Map<string, unknown>(Object.entries(DEFAULT_HEALTH_TIMING));

/** The request that creates a deployment of each source. */
export const REQUESTS = {
  IMAGE: CreateDeploymentDto,
  GIT: CreateGitDeploymentDto,
  UPLOAD: CreateUploadDeploymentDto,
} as const satisfies Record<DeploymentSource, unknown>;

/** The request that would create a release again, in clear text: it stays in memory. */
export interface StoredRequest {
  shown: JsonObject;
  /** Fields whose values no response may have. */
  secret: JsonObject;
  /** Names of all such fields, given or not. */
  secretNames: string[];
}

/** Belongs to one request: the place, the kind of request, and what counts from the time of the request. */
type OfRequest = 'environmentId' | 'name' | 'dryRun' | 'ttlSeconds' | 'virtualHost' | 'virtualPort';
/** Each field of a request must stand here, so that the compiler names a new field that a change would lose. */
type Fields<T> = { [F in Exclude<keyof T, OfRequest>]-?: T[F] | undefined };
type SecretField = SecretColumn | 'files';
type Shown<T> = Omit<Fields<T>, SecretField>;
type Secret<T> = Record<Extract<keyof Fields<T>, SecretColumn>, object | undefined>;
type Open = (column: SecretColumn) => object | undefined;

export function storedRequestOf(row: Deployment, secrets: SecretBox, contents: FileContents): StoredRequest {
  const open: Open = (column) => {
    const sealed = row[column];
    return sealed ? (JSON.parse(secrets.open(sealed, secretContext(row.jobId, column))) as object) : undefined;
  };
  const { shown, secret: ofSource } = fieldsOfSource(row, open);
  const secret = { ...ofSource, files: fileFields(row, contents) };
  return { shown: present({ ...runFields(row), ...shown }), secret: present(secret), secretNames: Object.keys(secret) };
}

function fieldsOfSource(row: Deployment, open: Open): { shown: object; secret: object } {
  switch (row.source) {
    case 'IMAGE':
      return { shown: imageFields(row), secret: imageSecrets(open) };
    case 'GIT':
      return { shown: gitFields(row), secret: gitSecrets(open) };
    case 'UPLOAD':
      return { shown: uploadFields(row), secret: buildSecrets(open) };
  }
}

function runFields(row: Deployment): Shown<RunOptionsDto> {
  const { replicas, command, drainSeconds, capabilities, init, stopGraceSeconds, stopSignal } = row;
  const { ports, volumes, tmpfs, resources, build } = columnsOf(row);
  return {
    replicas,
    ports,
    volumes,
    tmpfs,
    resources,
    command,
    // A build that runs again reads the command of the Procfile again.
    releaseCommand: build?.releaseFromProcfile ? [] : row.releaseCommand,
    drainSeconds,
    capabilities,
    init,
    stopGraceSeconds,
    stopSignal: stopSignal ?? undefined,
    healthCheck: healthFields(row, ports),
  };
}

function fileFields(row: Deployment, contents: FileContents): Required<FileFields>[] {
  return columnsOf(row).files.map(({ path, mode, uid, gid, secret, contentId }) => {
    const contentBase64 = contents.get(contentId)?.toString('base64') ?? '';
    return { path, contentBase64, mode, uid, gid, secret };
  });
}

type FileFields = Omit<FileDto, 'content'>;
type OfImage = Omit<CreateDeploymentDto, keyof RunOptionsDto>;
type OfBuild = Omit<BuildOptionsDto, keyof RunOptionsDto>;
type OfGit = Omit<CreateGitDeploymentDto, keyof RunOptionsDto>;
type OfUpload = Omit<CreateUploadDeploymentDto, keyof RunOptionsDto>;

/** The digest of a tag is not part of the request: only a reference by digest has it. */
function imageFields({ image, tag, imageDigest }: Deployment): Shown<OfImage> {
  if (tag === '' && imageDigest !== null) return { image: pinned(image, imageDigest), tag: undefined };
  return { image, tag };
}

function imageSecrets(open: Open): Secret<OfImage & Pick<RunOptionsDto, 'envVars'>> {
  return { envVars: open('envVars'), registryAuth: open('registryAuth') };
}

function buildFields(row: Deployment): Shown<OfBuild> {
  const { buildContext, dockerfile, baseImage, installCommand, buildCommand, startCommand, ...rest } =
    columnsOf(row).gitOptions;
  return {
    buildContext,
    dockerfile: dockerfile ?? undefined,
    baseImage: baseImage ?? undefined,
    installCommand: installCommand ?? undefined,
    buildCommand: buildCommand ?? undefined,
    startCommand: startCommand ?? undefined,
    target: rest.target ?? undefined,
    buildEnvVars: rest.buildEnvVars,
  };
}

function buildSecrets(open: Open): Secret<OfBuild & Pick<RunOptionsDto, 'envVars'>> {
  return {
    envVars: open('envVars'),
    buildArgs: open('buildArgs'),
    buildSecrets: open('buildSecrets'),
    registryAuth: open('registryAuth'),
  };
}

function gitFields(row: Deployment): Shown<OfGit> {
  const { ref, commit, submodules } = columnsOf(row).gitOptions;
  return {
    ...buildFields(row),
    gitUrl: row.gitUrl ?? undefined,
    branch: ref ?? undefined,
    commit: commit ?? undefined,
    submodules,
  };
}

function gitSecrets(open: Open): Secret<OfGit & Pick<RunOptionsDto, 'envVars'>> {
  return { ...buildSecrets(open), gitAuth: open('gitAuth') };
}

function uploadFields(row: Deployment): Shown<OfUpload> {
  return { ...buildFields(row), uploadId: row.uploadId ?? undefined };
}

/** A port that follows from `ports` is not stored: it changes with them. Timing is there if it is not the default. */
function healthFields(row: Deployment, ports: PortMapping[]): HealthCheckDto | undefined {
  const check = columnsOf(row).healthCheck;
  const given = Object.entries(omit(check, 'kind', 'port')).filter(([name, value]) => DEFAULTS.get(name) !== value);
  const rest: object = Object.fromEntries(given);
  switch (check.kind) {
    case 'http':
      return { ...rest, ...(check.port !== (firstTcpPort(ports) ?? 80) && { port: check.port }) };
    case 'tcp':
      return { ...rest, tcpPort: check.port };
    case 'disabled':
      return { ...rest, disabled: true };
    case 'command':
      return rest;
    case 'default':
      return given.length > 0 ? rest : undefined;
  }
}

function present(fields: object): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
