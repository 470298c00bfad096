import { createHash } from 'node:crypto';
import { LABELS } from '#src/common/labels.js';
import type { ServiceSpec } from '#src/integrations/docker/service-spec.js';

const HASH_LENGTH = 24;

/** Adds the hash of the spec as a label: on the service to detect changes, on its containers to tell new from old. */
export function withRevision(spec: ServiceSpec): ServiceSpec {
  const labels = { ...spec.Labels, [LABELS.revision]: contentHash(JSON.stringify(spec)) };
  const { TaskTemplate } = spec;
  return {
    ...spec,
    Labels: labels,
    TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Labels: labels } },
  };
}

export function revisionOf(spec: ServiceSpec): string {
  return spec.Labels[LABELS.revision] ?? '';
}

export function contentHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
}
