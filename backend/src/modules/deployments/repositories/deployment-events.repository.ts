import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { DeploymentStatus, Prisma } from '#src/generated/prisma/client.js';

export interface EventRow {
  id: bigint;
  kind: 'STATUS' | 'PROGRESS';
  data: object;
}

interface StatusChange {
  status: DeploymentStatus;
  errorCode?: string | null;
  errorMessage?: string | null;
}

const COLUMNS = { id: true, kind: true, data: true } as const;

/** The events of deployments, in the order of their ids. */
@Injectable()
export class DeploymentEventsRepository {
  constructor(private readonly prisma: PrismaService) {}

  all(deploymentId: string): Promise<EventRow[]> {
    const query = { where: { deploymentId }, orderBy: { id: 'asc' }, select: COLUMNS } as const;
    return this.prisma.deploymentEvent.findMany(query) as Promise<EventRow[]>;
  }

  last(deploymentId: string): Promise<EventRow | null> {
    const query = { where: { deploymentId }, orderBy: { id: 'desc' }, select: COLUMNS } as const;
    return this.prisma.deploymentEvent.findFirst(query) as Promise<EventRow | null>;
  }

  /** Deletes progress of deployments that ended before `before`. */
  async pruneProgress(before: Date): Promise<void> {
    const where = { kind: 'PROGRESS', deployment: { completedAt: { lt: before } } } as const;
    await this.prisma.deploymentEvent.deleteMany({ where });
  }
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
