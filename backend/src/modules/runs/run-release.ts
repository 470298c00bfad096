import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment, Environment, Run } from '#src/generated/prisma/client.js';
import { LABELS } from '#src/common/labels.js';
import { runServiceName } from '#src/modules/deployments/domain/names.js';
import { releaseFrom } from '#src/modules/deployments/domain/release-from-row.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { runResourcesOf } from './run-resources.js';

/** A run ends within 5 s of its cancellation, so that it cannot have the grace period of the release. */
export const RUN_GRACE_SECONDS = 3;

/** Binds a sealed value to the run that it belongs to. */
export function runSecretContext(jobId: string): string {
  return `run/${jobId}/envVars`;
}

/** The release with the variables and the limits of the run, for a service of its own. */
export function runReleaseOf(
  row: Deployment & { environment: Environment },
  run: Pick<Run, 'id' | 'jobId' | 'envVars' | 'resources'>,
  secrets: SecretBox,
): Release {
  const release = releaseFrom(row, secrets);
  return {
    ...release,
    serviceName: runServiceName(row.environment.name, row.name, run.id),
    env: { ...release.env, ...variablesOf(run, secrets) },
    resources: runResourcesOf(run),
    stopGraceSeconds: Math.min(release.stopGraceSeconds, RUN_GRACE_SECONDS),
  };
}

/** The label by which the service of a run is found. */
export function runLabel(id: string): Record<string, string> {
  return { [LABELS.run]: id };
}

function variablesOf({ envVars, jobId }: Pick<Run, 'envVars' | 'jobId'>, secrets: SecretBox): Record<string, string> {
  if (envVars === null) return {};
  return JSON.parse(secrets.open(envVars, runSecretContext(jobId))) as Record<string, string>;
}
