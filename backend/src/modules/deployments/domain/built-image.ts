import { LABELS } from '#src/common/labels.js';
import { parseImageReference } from './image-reference.js';

/** `berth/{environmentId}/{name}`, in the registry that is configured, if one is. */
export function builtRepository(registry: string | undefined, environmentId: string, name: string): string {
  return [registry, 'berth', environmentId, name].filter(Boolean).join('/');
}

/** A jobId may begin with `-`, a tag may not. */
export function builtTag(jobId: string): string {
  return jobId.startsWith('-') ? `_${jobId}` : jobId;
}

/** Does it go to a registry, or does it stay here? */
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
