import { ApiProperty } from '@nestjs/swagger';
import type {
  ContainerStatus,
  DeploymentSource,
  DeploymentStatus,
  HealthStatus,
} from '#src/generated/prisma/client.js';
import { DEPLOYMENT_ERRORS, type DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import type { BuildFacts } from '#src/modules/deployments/domain/build-options.js';
import type { DeploymentRow } from '#src/modules/deployments/repositories/deployments.repository.js';
import { DEPLOYMENT_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import {
  DEFAULT_HEALTH_TIMING,
  type HealthCheck,
  type HealthTiming,
  type PortMapping,
  type ReplicaResources,
  type TmpfsMount,
  type VolumeMount,
} from '#src/modules/deployments/domain/release.js';
import { timesOf } from '#src/modules/deployments/domain/variable-times.js';
import { DeploymentFileDto } from './deployment-file.dto.js';

const MASK = '***';

export class DeploymentAcceptedDto {
  /** Poll GET /deployments/job/{jobId}. */
  jobId: string;
  deploymentId: string;
  @ApiProperty({ enum: ['PENDING'] })
  status: 'PENDING';
}

export class DeploymentEnvironmentDto {
  id: string;
  name: string;
  isPublic: boolean;
  publicDomain: string | null;
}

export class ProgressDto {
  @ApiProperty({ example: 'PULLING' })
  step: string;
  @ApiProperty({ example: '14.2/31.0 MB' })
  message: string;
  current?: number;
  total?: number;
}

export class DeploymentPortDto {
  container: number;
  host?: number;
  @ApiProperty({ enum: ['tcp', 'udp'] })
  protocol: 'tcp' | 'udp';
}

export class DeploymentVolumeDto {
  name: string;
  path: string;
  readOnly: boolean;
}

export class DeploymentTmpfsDto {
  path: string;
  sizeMb: number;
}

export class DeploymentResourcesDto {
  cpus: number;
  memoryMb: number;
  pids: number;
  /** Size of /dev/shm in MiB; omitted: 64. */
  shmMb?: number;
}

export class DeploymentHealthCheckDto {
  path?: string;
  port?: number;
  host?: string;
  tcpPort?: number;
  command?: string[];
  disabled?: boolean;
  intervalSeconds: number;
  timeoutSeconds: number;
  retries: number;
  startPeriodSeconds: number;
}

export class ContainerDto {
  /** Name of the Swarm service. */
  name: string;
  dockerServiceId: string;
  /** Number of the replica, from 1. */
  slot: number;
  @ApiProperty({ enum: ['CREATING', 'RUNNING', 'STOPPED', 'FAILED'], enumName: 'ContainerStatus' })
  status: ContainerStatus;
  @ApiProperty({ enum: ['HEALTHY', 'UNHEALTHY', 'STARTING', 'NONE'], enumName: 'HealthStatus' })
  healthStatus: HealthStatus;
  restartCount: number;
  /** Host name of the node that the container runs on. */
  node: string | null;
}

export class StepDto {
  name: string;
  startedAt: Date;
  endedAt: Date | null;
  error: string | null;
}

export class BuildDto {
  /** A Dockerfile among the files, commands of the request, or a detected runtime. */
  @ApiProperty({ enum: ['DOCKERFILE', 'COMMANDS', 'DETECTED'], enumName: 'BuildMethod' })
  method: BuildFacts['method'];

  /** Description of the detected runtime. */
  detected: string | null;
  /** What in the files determined the runtime, its version and its commands. */
  reasons: string[];
  warnings: string[];
}

export class DeploymentDto {
  id: string;
  jobId: string;
  name: string;
  environmentId: string;
  environment: DeploymentEnvironmentDto;
  @ApiProperty({ enum: DEPLOYMENT_STATUSES, enumName: 'DeploymentStatus' })
  status: DeploymentStatus;
  progress: ProgressDto | null;
  /** PENDING only: position in the queue, from 1; null when a worker has started the deployment. */
  queuePosition: number | null;
  /** FAILED only. */
  @ApiProperty({ enum: Object.keys(DEPLOYMENT_ERRORS), enumName: 'DeploymentErrorCode', nullable: true })
  errorCode: DeploymentErrorCode | null;
  /** FAILED only. Ends with the container's last log lines, and advice if they are known. */
  errorMessage: string | null;
  image: string;
  /** Null for an image given by digest. */
  tag: string | null;
  imageDigest: string | null;
  @ApiProperty({ enum: ['IMAGE', 'GIT', 'UPLOAD'], enumName: 'DeploymentSource' })
  source: DeploymentSource;
  gitUrl: string | null;
  gitBranch: string | null;
  gitCommitSha: string | null;
  /** SHA-256 of the upload's body, hexadecimal. */
  sourceSha256: string | null;
  /** How the image was built; null for an image from a registry, and before the build is planned. */
  build: BuildDto | null;
  replicas: number;
  @ApiProperty({ type: [DeploymentPortDto] })
  ports: PortMapping[];
  /** Names with the value `"***"`. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { NODE_ENV: MASK } })
  envVars: Record<string, string>;
  /** Time at which each variable got its value. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', format: 'date-time' },
    example: { NODE_ENV: '2026-01-01T12:00:00.000Z' },
  })
  envVarsUpdatedAt: Record<string, string>;
  @ApiProperty({ type: [DeploymentVolumeDto] })
  volumes: VolumeMount[];
  @ApiProperty({ type: [DeploymentTmpfsDto] })
  tmpfs: TmpfsMount[];
  /** Files that are mounted. No response has their content. */
  files: DeploymentFileDto[];
  command: string[];
  releaseCommand: string[];
  /** Seconds for which the previous release keeps serving after this one is RUNNING. */
  drainSeconds: number;
  /** Time at which the deployment is removed; null: never. */
  expiresAt: Date | null;
  /** Host name of the node that has its volumes or its image, when it can run only there; null: any node. */
  node: string | null;
  /** Null for the default check. */
  healthCheck: DeploymentHealthCheckDto | null;
  @ApiProperty({ type: DeploymentResourcesDto })
  resources: ReplicaResources;
  capabilities: string[];
  /** An init process is process 1. */
  init: boolean;
  stopGraceSeconds: number;
  /** Null: the image's own, else SIGTERM. */
  stopSignal: string | null;
  containers: ContainerDto[];
  steps: StepDto[];
  startedAt: Date | null;
  completedAt: Date | null;
  createdAt: Date;

  static from(row: DeploymentRow): DeploymentDto {
    const { id, jobId, name, environmentId, status, startedAt, completedAt, createdAt } = row;
    const failed = status === 'FAILED';
    return {
      id,
      jobId,
      name,
      environmentId,
      environment: environmentFrom(row),
      status,
      queuePosition: row.queuePosition ?? null,
      progress: columnsOf(row).progress,
      errorCode: failed ? (row.errorCode as DeploymentErrorCode | null) : null,
      errorMessage: failed ? row.errorMessage : null,
      ...originFrom(row),
      ...specificationFrom(row),
      containers: row.containers.map(containerFrom),
      steps: row.steps.map(stepFrom),
      startedAt,
      completedAt,
      createdAt,
    };
  }
}

export class DeploymentAnswerDto {
  deployment: DeploymentDto;
}

export class DeploymentListDto {
  deployments: DeploymentDto[];
  nextCursor: string | null;
}

export class DeploymentMessageDto {
  message: string;
  deployment: DeploymentDto;
}

/** Data of one server-sent event. The event's name determines which fields it has. */
export class DeploymentEventDto {
  @ApiProperty({ enum: DEPLOYMENT_STATUSES, enumName: 'DeploymentStatus', required: false })
  status?: DeploymentStatus;
  at?: Date;
  @ApiProperty({
    enum: Object.keys(DEPLOYMENT_ERRORS),
    enumName: 'DeploymentErrorCode',
    nullable: true,
    required: false,
  })
  errorCode?: DeploymentErrorCode | null;
  errorMessage?: string | null;
  /** `progress` only. */
  step?: string;
  message?: string;
  current?: number;
  total?: number;
  /** `log` only. */
  time?: Date;
  @ApiProperty({ enum: ['stdout', 'stderr'], required: false })
  stream?: 'stdout' | 'stderr';
  text?: string;
}

export class LogsDto {
  /** Lines `{time} {text}`, stdout and stderr in order of time. */
  logs: string;
}

function originFrom(row: DeploymentRow) {
  const { image, tag, imageDigest, source, gitUrl, gitBranch, gitCommitSha, sourceSha256 } = row;
  const build = buildFrom(columnsOf(row).build);
  return { image, tag: tag || null, imageDigest, source, gitUrl, gitBranch, gitCommitSha, sourceSha256, build };
}

function buildFrom(facts: BuildFacts | null): BuildDto | null {
  if (!facts) return null;
  const { method, detected, reasons = [], warnings } = facts;
  return { method, detected, reasons, warnings };
}

function specificationFrom(row: DeploymentRow) {
  const { replicas, command, releaseCommand, drainSeconds, expiresAt, node } = row;
  const { capabilities, init, stopGraceSeconds, stopSignal } = row;
  const { ports, volumes, tmpfs, files, healthCheck, resources, envVarsUpdatedAt } = columnsOf(row);
  return {
    replicas,
    ports,
    envVars: Object.fromEntries(row.envVarNames.map((variable) => [variable, MASK])),
    envVarsUpdatedAt: timesOf(row.envVarNames, envVarsUpdatedAt, row.createdAt),
    volumes,
    tmpfs,
    files: files.map((file) => DeploymentFileDto.from(file)),
    command,
    releaseCommand,
    drainSeconds,
    expiresAt,
    node,
    healthCheck: healthCheckFrom(healthCheck),
    resources,
    capabilities,
    init,
    stopGraceSeconds,
    stopSignal,
  };
}

function stepFrom({ name, startedAt, endedAt, error }: DeploymentRow['steps'][number]): StepDto {
  return { name, startedAt, endedAt, error };
}

function environmentFrom({
  environment: { id, name, isPublic, publicDomain },
}: DeploymentRow): DeploymentEnvironmentDto {
  return { id, name, isPublic, publicDomain };
}

function containerFrom({
  name,
  dockerServiceId,
  slot,
  status,
  healthStatus,
  restartCount,
  node,
}: DeploymentRow['containers'][number]): ContainerDto {
  return { name, dockerServiceId, slot, status, healthStatus, restartCount, node };
}

/** Converts a stored health check back to the fields of the request. */
function healthCheckFrom({
  kind,
  intervalSeconds,
  timeoutSeconds,
  retries,
  startPeriodSeconds,
  ...check
}: HealthCheck): DeploymentHealthCheckDto | null {
  const timing = { intervalSeconds, timeoutSeconds, retries, startPeriodSeconds };
  const { path, port, host, command } = check as { path?: string; port?: number; host?: string; command?: string[] };
  switch (kind) {
    case 'http':
      return { path, port, ...(host && { host }), ...timing };
    case 'tcp':
      return { tcpPort: port, ...timing };
    case 'command':
      return { command, ...timing };
    case 'disabled':
      return { disabled: true, ...timing };
    case 'default':
      return isDefault(timing) ? null : timing;
  }
}

function isDefault(timing: HealthTiming): boolean {
  return (Object.keys(timing) as (keyof HealthTiming)[]).every(
    (field) => timing[field] === DEFAULT_HEALTH_TIMING[field],
  );
}
