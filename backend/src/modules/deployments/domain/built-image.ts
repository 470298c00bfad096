import { LABELS } from '#src/common/labels.js';
import { parseImageReference } from './image-reference.js';

/** `berth/{environmentId}/{name}`, prefixed with the configured registry, if there is one. */
export function builtRepository(registry: string | undefined, environmentId: string, name: string): string {
  return [registry, 'berth', environmentId, name].filter(Boolean).join('/');
}

/** Derives a tag from a jobId, which may begin with `-`; a tag may not. */
export function builtTag(jobId: string): string {
  return jobId.startsWith('-') ? `_${jobId}` : jobId;
}

/** True when the image is pushed to a registry; false when it exists on this node only. */
export function isPushed(repository: string): boolean {
  return parseImageReference(repository)?.registry !== 'docker.io';
}

export function builtLabels(deployment: { id: string; environmentId: string; name: string }): Record<string, string> {
  return {
    [LABELS.managed]: 'true',
    [LABELS.environment]: deployment.environmentId,
    [LABELS.deployment]: deployment.id,
    [LABELS.name]: deployment.name,
  };
}
