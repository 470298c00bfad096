import type { Db } from '../../../core/database/prisma.service.js';
import type { DeploymentStatus } from '../../../generated/prisma/client.js';

/** In the transaction of the change itself, while it holds the deployment's row: the order of ids is the order of events. PENDING has none: it is the row. */
export async function recordStatus(
  db: Db,
  deploymentId: string,
  change: { status: DeploymentStatus; errorCode?: string | null; errorMessage?: string | null },
): Promise<void> {
  await record(db, deploymentId, 'STATUS', { ...change, at: new Date().toISOString() });
}

export async function recordProgress(db: Db, deploymentId: string, progress: object): Promise<void> {
  await record(db, deploymentId, 'PROGRESS', progress);
}

async function record(db: Db, deploymentId: string, kind: 'STATUS' | 'PROGRESS', data: object): Promise<void> {
  await db.deploymentEvent.create({ data: { deploymentId, kind, data: data } });
}
