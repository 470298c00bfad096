import { createHash } from 'node:crypto';
import { trimTrailing } from '#src/common/trim-trailing.js';

/**
 * Names of Docker objects are built only here. Swarm limits a service's name to 63 characters of a DNS label and
 * rejects one that ends in `-` or `_`, as a jobId may. So ids enter as a hash in base 36, and users' text is cut and
 * cleaned.
 */
const HASH_LENGTH = 10;
/** 129 bits: an object never has another content than its name says. */
const FILE_HASH_LENGTH = 25;

export function shortHash(text: string, length = HASH_LENGTH): string {
  const bits = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
  return bits.toString(36).padStart(length, '0').slice(-length);
}

/** `{environment ≤ 16}-{name ≤ 32}-{hash}`: 60 characters at most. */
export function serviceName(environmentName: string, deploymentName: string, deploymentId: string): string {
  return `${slug(environmentName, 16, 'env')}-${deploymentName}-${shortHash(deploymentId)}`;
}

/** Name of the service that runs the release command: 62 characters at most. */
export function commandServiceName(service: string): string {
  return `${service}-r`;
}

/** Name of the service of a run: 62 characters at most. */
export function runServiceName(environmentName: string, deploymentName: string, runId: string): string {
  return `${serviceName(environmentName, deploymentName, runId)}-c`;
}

/** Name of the container that sets the owner of new volumes: 62 characters at most. */
export function volumeSetupName(service: string): string {
  return `${service}-v`;
}

/** Contains the environment's id, not its name: two users may have environments of the same name. */
export function volumeName(environmentId: string, name: string): string {
  return `berth_${environmentId}_${name}`;
}

/** Name of the Swarm config or secret with a content. Releases of the environment share it. */
export function fileObjectName(environmentId: string, contentId: string): string {
  return `berth_file_${shortHash(`${environmentId}/${contentId}`, FILE_HASH_LENGTH)}`;
}

export const RUN_PREFIX = 'run/';

/** Key of the only job that runs a deployment's pipeline. */
export function runKey(deploymentId: string): string {
  return `${RUN_PREFIX}${deploymentId}`;
}

/** Key of the only job that drains the previous release of a deployment. */
export const DRAIN_PREFIX = 'drain/';

/** Queue in which the jobs of one deployment name run one after the other. */
export function queueNameOf(environmentId: string, name: string): string {
  return `${environmentId}/${name}`;
}

/**
 * A DNS label for a deployment without a name: the last component of the image or repository and a hash of the jobId.
 */
export function defaultDeploymentName(repository: string, jobId: string): string {
  const base = slug(repository.split('/').at(-1) ?? '', 24, 'app');
  return `${base}-${shortHash(jobId, 6)}`;
}

/** Lower-case letters, digits and inner hyphens, beginning with a letter. */
function slug(text: string, maxLength: number, fallback: string): string {
  const cleaned = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, maxLength);
  return trimTrailing(cleaned, '-') || fallback;
}
