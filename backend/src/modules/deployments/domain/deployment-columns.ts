import type { Deployment, Prisma } from '#src/generated/prisma/client.js';
import type { BuildFacts, BuildOptions, GitOptions } from './build-options.js';
import type { ReleaseFile } from './release-file.js';
import type { HealthCheck, PortMapping, ReplicaResources, TmpfsMount, VolumeMount } from './release.js';

/** What a step is doing; shown to clients. */
export interface Progress {
  step: string;
  message: string;
  current?: number;
  total?: number;
}

/** The JSON columns of a deployment. Prisma does not know their types. */
export interface DeploymentColumns {
  ports: PortMapping[];
  volumes: VolumeMount[];
  tmpfs: TmpfsMount[];
  files: ReleaseFile[];
  healthCheck: HealthCheck;
  resources: ReplicaResources;
  /** only of a deployment from Git or from an upload */
  gitOptions: BuildOptions & Partial<GitOptions>;
  build: BuildFacts | null;
  progress: Progress | null;
  /** time of each variable's value by name, RFC 3339 */
  envVarsUpdatedAt: Record<string, string> | null;
}

/** Reads the JSON columns that the row has. */
export function columnsOf<R extends Partial<Pick<Deployment, keyof DeploymentColumns>>>(
  row: R,
): Pick<DeploymentColumns, keyof DeploymentColumns & keyof R> {
  return row as Pick<DeploymentColumns, keyof DeploymentColumns & keyof R>;
}

/** Converts values of JSON columns for a write. */
export function storedColumns<C extends Partial<DeploymentColumns>>(
  columns: C,
): { [column in keyof C]: Prisma.InputJsonValue } {
  return columns as { [column in keyof C]: Prisma.InputJsonValue };
}
