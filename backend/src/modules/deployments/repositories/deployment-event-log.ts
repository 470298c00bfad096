import type { Db } from '#src/core/database/prisma.service.js';
import type { DeploymentStatus, Prisma } from '#src/generated/prisma/client.js';

interface StatusChange {
  status: DeploymentStatus;
  errorCode?: string | null;
  errorMessage?: string | null;
}

/**
 * Records a STATUS event. Must run in the transaction of the change, which locks the deployment's row: so the order of
 * ids is the order of events. PENDING has no event: it is the creation of the row.
 */
export async function recordStatus(db: Db, deploymentId: string, change: StatusChange): Promise<void> {
  await db.deploymentEvent.create({ data: { deploymentId, kind: 'STATUS', data: eventData(change) } });
}

/** Writes progress to the row and as an event, if this attempt is current. */
export async function recordProgress(
  db: Db,
  { id, attempt }: { id: string; attempt: number },
  progress: object,
): Promise<void> {
  const json = JSON.stringify(progress);
  await db.$executeRaw`
    WITH own AS (UPDATE "Deployment" SET progress = ${json}::jsonb, "updatedAt" = now() WHERE id = ${id} AND attempt = ${attempt} RETURNING id)
    INSERT INTO "DeploymentEvent" ("deploymentId", kind, data) SELECT id, 'PROGRESS', ${json}::jsonb FROM own`;
}

/** Data of a STATUS event. */
export function eventData(change: StatusChange): Prisma.InputJsonObject {
  return { ...change, at: new Date().toISOString() };
}
