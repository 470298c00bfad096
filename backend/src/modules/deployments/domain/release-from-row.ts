import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import type { Deployment, Environment } from '#src/generated/prisma/client.js';
import { isPushed } from './built-image.js';
import { parseImageReference, pinned, referenceOf, serverAddressOf } from './image-reference.js';
import { serviceName } from './names.js';
import { columnsOf } from './deployment-columns.js';
import { platformVariables } from './platform-variables.js';
import type { Release } from './release.js';
import { secretContext } from './secret-context.js';
import { userVariablesOf } from './user-variables.js';

type Row = Deployment & { environment: Environment };

/** Builds the release of a row. The step that starts the service sets `imageHealth` from the pulled image. */
export function releaseFrom(row: Row, secrets: SecretBox): Release {
  const { ports, volumes, tmpfs, files, healthCheck, resources } = columnsOf(row);
  const { init, stopGraceSeconds, stopSignal } = row;
  return {
    deploymentId: row.id,
    environmentId: row.environmentId,
    serviceName: serviceName(row.environment.name, row.name, row.id),
    name: row.name,
    network: row.environment.overlayNetworkId,
    image: imageOf(row),
    replicas: row.replicas,
    command: row.command,
    env: { ...platformVariables(row), ...userVariablesOf(row, secrets) },
    ports,
    volumes,
    tmpfs,
    files,
    healthCheck,
    imageHealth: undefined,
    publicDomain: row.virtualHost ?? row.environment.publicDomain,
    resources,
    capabilities: row.capabilities,
    init,
    stopGraceSeconds,
    stopSignal,
    nodeId: row.nodeId,
  };
}

/** Credentials for the private image of a request; undefined when it gave none. Those of a build are not for its image. */
export function registryAuthFrom(
  { registryAuth, jobId, image, source }: Deployment,
  secrets: SecretBox,
): RegistryAuth | undefined {
  if (!registryAuth || source !== 'IMAGE') return undefined;
  const { username, password } = JSON.parse(
    secrets.open(registryAuth, secretContext(jobId, 'registryAuth')),
  ) as RegistryAuth;
  return registryAuthOf(image, { username, password });
}

/** Credentials as the Engine requires them: with the `serveraddress` of their registry. */
export function registryAuthOf(
  image: string,
  { username, password }: Pick<RegistryAuth, 'username' | 'password'>,
): RegistryAuth {
  return { username, password, serveraddress: serverAddressOf(parseImageReference(image)?.registry ?? '') };
}

/**
 * Reference by digest once that is known. For an image that was built here and is in no registry, the digest is the
 * image id, which no engine tries to pull.
 */
export function imageOf({
  image,
  tag,
  imageDigest,
  source,
}: Pick<Deployment, 'image' | 'tag' | 'imageDigest' | 'source'>): string {
  if (!imageDigest) return referenceOf(image, tag, null);
  return source !== 'IMAGE' && !isPushed(image) ? imageDigest : pinned(image.split('@')[0] ?? image, imageDigest);
}
