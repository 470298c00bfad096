import type { Resources } from '../../../config/config.js';
import type { SecretBox } from '../../../core/crypto/secret-box.js';
import type { Deployment, Environment } from '../../../generated/prisma/client.js';
import { pinned, referenceOf } from './image-reference.js';
import { serviceName } from './names.js';
import type { HealthCheck, PortMapping, Release, VolumeMount } from './release.js';
import { secretContext } from './secret-context.js';

type Row = Deployment & { environment: Environment };

/** The release that a row describes. `imageHasHealthCheck` is what the pulled image says; the step that starts the service fills it in. */
export function releaseFrom(row: Row, secrets: SecretBox): Release {
  return {
    deploymentId: row.id,
    environmentId: row.environmentId,
    serviceName: serviceName(row.environment.name, row.name, row.id),
    name: row.name,
    network: row.environment.overlayNetworkId,
    image: row.imageDigest
      ? pinned(imageRepository(row.image), row.imageDigest)
      : referenceOf(row.image, row.tag, null),
    replicas: row.replicas,
    command: row.command,
    env: row.envVars
      ? (JSON.parse(secrets.open(row.envVars, secretContext(row.jobId, 'envVars'))) as Record<string, string>)
      : {},
    ports: row.ports as unknown as PortMapping[],
    volumes: row.volumes as unknown as VolumeMount[],
    healthCheck: row.healthCheck as unknown as HealthCheck,
    imageHasHealthCheck: false,
    resources: row.resources as unknown as Resources,
    capabilities: row.capabilities,
  };
}

function imageRepository(image: string): string {
  return image.split('@')[0] ?? image;
}
