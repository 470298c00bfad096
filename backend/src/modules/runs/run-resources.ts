import type { Run } from '#src/generated/prisma/client.js';
import type { ReplicaResources } from '#src/modules/deployments/domain/release.js';

/** Reads the JSON column, whose type Prisma does not know. */
export function runResourcesOf({ resources }: Pick<Run, 'resources'>): ReplicaResources {
  const { cpus, memoryMb, pids, shmMb } = resources as Record<string, number>;
  return { cpus: cpus ?? 0, memoryMb: memoryMb ?? 0, pids: pids ?? 0, ...(shmMb !== undefined && { shmMb }) };
}
