import type { Db } from '#src/core/database/prisma.service.js';
import type { DeploymentStatus, Prisma } from '#src/generated/prisma/client.js';

interface StatusChange {
  status: DeploymentStatus;
  errorCode?: string | null;
  errorMessage?: string | null;
}

/** In the transaction of the change itself, while it holds the deployment's row: the order of ids is the order of events. PENDING has none: it is the row. */
export async function recordStatus(db: Db, deploymentId: string, change: StatusChange): Promise<void> {
  await db.deploymentEvent.create({ data: { deploymentId, kind: 'STATUS', data: eventData(change) } });
}

/** In the row, and as an event, while this attempt is the one. */
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

/** What a STATUS event holds. */
export function eventData(change: StatusChange): Prisma.InputJsonObject {
  return { ...change, at: new Date().toISOString() };
}
