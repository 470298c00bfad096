import { Injectable } from '@nestjs/common';
import { afterPosition, cut, NEWEST_FIRST, type Page } from '#src/common/pagination.js';
import type { Caller } from '#src/common/decorators/caller.js';
import type { Origin } from '#src/common/decorators/origin.js';
import type { AuditEvent } from '#src/generated/prisma/client.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';

export const AUDIT_ACTIONS = [
  'key.created',
  'key.revoked',
  'link.created',
  'link.used',
  'user.asked',
  'user.allowed',
  'user.refused',
  'user.removed',
  'operator.paired',
  'environment.created',
  'environment.deleted',
  'environment.extended',
  'environment.expiring',
  'environment.expired',
  'environment.published',
  'environment.withdrawn',
  'hook.created',
  'hook.deleted',
  'upload.created',
  'deployment.created',
  'deployment.redeployed',
  'deployment.rolledBack',
  'deployment.promoted',
  'deployment.started',
  'deployment.stopped',
  'deployment.scaled',
  'deployment.cancelled',
  'deployment.deleted',
  'deployment.extended',
  'deployment.expiring',
  'deployment.expired',
  'run.created',
  'run.cancelled',
] as const;
/** Rows that one statement deletes, so that it ends within the timeout. */
const PRUNE_BATCH = 20_000;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditEntry {
  action: AuditAction;
  /** The acting user; null: the operator on the host, or the platform itself. */
  userId: string | null;
  keyId?: string | undefined;
  /** Id of the affected resource, if that is neither the user nor the key. */
  target?: string | undefined;
  /** Holds no secret. */
  detail?: Record<string, string | number | boolean | string[] | null>;
}

/** Audit log. An entry is written in the transaction of the action that it records, and never changed; it is deleted after AUDIT_RETENTION_DAYS. */
@Injectable()
export class Audit {
  constructor(private readonly prisma: PrismaService) {}

  async record(db: Db, entry: AuditEntry, { via, ip, requestId }: Origin): Promise<void> {
    const { action, userId, keyId = null, target = null, detail } = entry;
    await db.auditEvent.create({
      data: {
        action,
        userId,
        keyId,
        target,
        via,
        ip: ip ?? null,
        requestId: requestId ?? null,
        ...(detail && { detail }),
      },
    });
  }

  /** Records an action of a client of the API. */
  byCaller(
    db: Db,
    { userId, keyId, origin }: Caller,
    action: AuditAction,
    target: string,
    detail?: AuditEntry['detail'],
  ): Promise<void> {
    return this.record(db, { action, userId, keyId: keyId || undefined, target, ...(detail && { detail }) }, origin);
  }

  /** Records an action of the platform itself. */
  byPlatform(db: Db, action: AuditAction, target: string, detail?: AuditEntry['detail']): Promise<void> {
    return this.record(db, { action, userId: null, target, ...(detail && { detail }) }, { via: 'PLATFORM' });
  }

  /** Deletes some of the events that are older than `days`; the next call continues. */
  async deleteOlderThan(days: number): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM "AuditEvent" WHERE id IN (
        SELECT id FROM "AuditEvent" WHERE "createdAt" < now() - ${days} * interval '1 day' LIMIT ${PRUNE_BATCH})`;
  }

  async list(
    { action, userId }: { action?: string | undefined; userId?: string | undefined },
    page: Page,
  ): Promise<{ items: AuditEvent[]; nextCursor: string | null }> {
    const rows = await this.prisma.auditEvent.findMany({
      where: {
        ...(action !== undefined && { action }),
        ...(userId !== undefined && { userId }),
        ...afterPosition(page.after),
      },
      orderBy: NEWEST_FIRST,
      take: page.limit + 1,
    });
    return cut(rows, page.limit);
  }
}
