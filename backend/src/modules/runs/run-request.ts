import { validationFailed } from '#src/common/validation.pipe.js';
import type { Config } from '#src/config/config.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import type { ReplicaResources } from '#src/modules/deployments/domain/release.js';
import { runOptionsErrors } from '#src/modules/deployments/run-options.js';
import type { CreateRunDto } from './run.dto.js';

const DEFAULT_TIMEOUT_SECONDS = 3600;

export interface RunRequest {
  command: string[];
  envVars: Record<string, string>;
  timeoutSeconds: number;
  resources: ReplicaResources;
}

type Limited = Pick<Deployment, 'environmentId' | 'resources' | 'tmpfs' | 'init'>;

/** Completes a validated body with the limits of the release. Throws VALIDATION_FAILED. */
export function runRequestOf(body: CreateRunDto, release: Limited, config: Config): RunRequest {
  const { command, timeoutSeconds } = body;
  const envVars = body.envVars ?? {};
  const { resources: own, tmpfs } = columnsOf(release);
  const shmMb = body.resources?.shmMb ?? own.shmMb;
  const resources = {
    cpus: body.resources?.cpus ?? own.cpus,
    memoryMb: body.resources?.memoryMb ?? own.memoryMb,
    pids: body.resources?.pids ?? own.pids,
    ...(shmMb !== undefined && { shmMb }),
  };
  const { environmentId, init } = release;
  const errors = runOptionsErrors({ environmentId, command, envVars, resources, tmpfs, init }, config);
  if (errors.length > 0)
    // The folders in memory are those of the release: the request can only give them more memory.
    throw validationFailed(
      errors.map((error) => (error.path.startsWith('tmpfs') ? { ...error, path: 'resources.memoryMb' } : error)),
    );
  return { command, envVars, timeoutSeconds: timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS, resources };
}
