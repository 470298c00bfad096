import type { DeploymentSource } from '#src/generated/prisma/client.js';
import { LABELS } from '#src/common/labels.js';
import { type ImageReference, parseImageReference } from './image-reference.js';

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

/**
 * True for a name under which the platform keeps images that it has built. Such a name is no base and no image of a
 * request: the image may be another user's.
 */
export function isPlatformImage({ repository, registry }: ImageReference, own: string | undefined): boolean {
  if (own !== undefined && repository.startsWith(`${own}/`)) return repository.startsWith(`${own}/berth/`);
  const path = repository.startsWith(`${registry}/`) ? repository.slice(registry.length + 1) : repository;
  return /(^|\.)docker\.io$/.test(registry) && path.startsWith('berth/');
}

/** For a release whose image was built here and is gone. `releaseId`: of the release that built it. */
export function removedImageMessage({ source, releaseId }: { source: DeploymentSource; releaseId: string }): string {
  const remedy =
    source === 'UPLOAD'
      ? 'Upload the folder again and send POST /deployments/from-upload.'
      : `Send POST /deployments/${releaseId}/redeploy to build it again.`;
  return `The image that was built for this release was removed from the machine. ${remedy}`;
}

export function builtLabels(deployment: { id: string; environmentId: string; name: string }): Record<string, string> {
  return {
    [LABELS.managed]: 'true',
    [LABELS.environment]: deployment.environmentId,
    [LABELS.deployment]: deployment.id,
    [LABELS.name]: deployment.name,
  };
}
