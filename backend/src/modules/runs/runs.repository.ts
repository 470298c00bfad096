import { Injectable } from '@nestjs/common';
import { type Caller, ownedBy } from '#src/common/decorators/caller.js';
import { afterPosition, NEWEST_FIRST, type Page } from '#src/common/pagination.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Prisma, Run } from '#src/generated/prisma/client.js';
import { UNFINISHED_STATUSES } from './run-statuses.js';
import { cancelled, type Verdict } from './run-verdict.js';

/** Ended runs of a name that are kept. */
const RETAINED_PER_NAME = 50;
const WITH_RELEASE = {
  environment: { select: { userId: true, status: true } },
  deployment: { include: { environment: true } },
} as const satisfies Prisma.RunInclude;

/** A run that this attempt executes. */
export type ClaimedRun = Prisma.RunGetPayload<{ include: typeof WITH_RELEASE }>;

/** Thrown when another worker has claimed the run: this attempt must not write any more. */
export class StaleRunError extends Error {}

/** Thrown when as many runs of the user have begun as may run at once: this one has to wait. */
export class NoRunSlotError extends Error {}

/** Stores runs. Every write of a worker checks its attempt. */
@Injectable()
export class RunsRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly signals: PgNotifications,
  ) {}

  get db(): Db {
    return this.prisma;
  }

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  create(db: Db, data: Prisma.RunUncheckedCreateInput): Promise<{ id: string }> {
    return db.run.create({ data, select: { id: true } });
  }

  /** Null for a run that does not exist or that the caller may not access. */
  find(caller: Caller, id: string): Promise<Run | null> {
    return this.prisma.run.findFirst({ where: { id, environment: ownedBy(caller) } });
  }

  /** Returns one row more than the limit when there is another page. */
  ofEnvironment(environmentId: string, name: string | undefined, { limit, after }: Page): Promise<Run[]> {
    return this.prisma.run.findMany({
      where: { environmentId, ...(name !== undefined && { name }), ...afterPosition(after) },
      orderBy: NEWEST_FIRST,
      take: limit + 1,
    });
  }

  /** Counts the runs of a user that have not ended. */
  countUnfinished(db: Db, userId: string): Promise<number> {
    return db.run.count({ where: { environment: { userId }, status: { in: UNFINISHED_STATUSES } } });
  }

  /** Counts the runs of an environment that have not ended. */
  countUnfinishedIn(environmentId: string): Promise<number> {
    return this.prisma.run.count({ where: { environmentId, status: { in: UNFINISHED_STATUSES } } });
  }

  async isUnfinished(id: string): Promise<boolean> {
    return (await this.prisma.run.count({ where: { id, status: { in: UNFINISHED_STATUSES } } })) > 0;
  }

  /** Those of the runs that ended before a time. */
  async endedBefore(ids: string[], before: Date): Promise<string[]> {
    const where = { id: { in: ids }, status: { notIn: UNFINISHED_STATUSES }, endedAt: { lt: before } };
    return (await this.prisma.run.findMany({ where, select: { id: true } })).map(({ id }) => id);
  }

  async ownerOf(id: string): Promise<string> {
    const where = { runs: { some: { id } } };
    return (await this.prisma.environment.findFirstOrThrow({ where, select: { userId: true } })).userId;
  }

  /** Deletes the ended runs of the name that are not among the last ones. */
  async prune(db: Db, environmentId: string, name: string): Promise<void> {
    await db.$executeRaw`
      DELETE FROM "Run" WHERE id IN (
        SELECT id FROM "Run" WHERE "environmentId" = ${environmentId} AND name = ${name}
          AND status <> ALL(${UNFINISHED_STATUSES}::"RunStatus"[])
        ORDER BY "createdAt" DESC, id DESC OFFSET ${RETAINED_PER_NAME})`;
  }

  /** Cancels unfinished runs: one that has not begun ends at once, the workers of the others are notified. */
  async cancel(db: Db, where: { id: string } | { environmentId: string }): Promise<void> {
    const { outcome, ...verdict } = cancelled(false);
    const now = new Date();
    await db.run.updateMany({
      where: { ...where, status: 'PENDING', begunAt: null },
      data: { ...verdict, outcome, status: outcome, cancelRequestedAt: now, endedAt: now },
    });
    const begun = await db.run.updateManyAndReturn({
      where: { ...where, status: { in: UNFINISHED_STATUSES } },
      data: { cancelRequestedAt: now },
      select: { id: true },
    });
    for (const { id: runId } of begun) await this.signals.publish(db, 'run.cancel', { runId });
  }

  /** Those of the runs whose cancellation is requested. */
  async cancelRequested(ids: string[]): Promise<string[]> {
    const where = { id: { in: ids }, cancelRequestedAt: { not: null } };
    return (await this.prisma.run.findMany({ where, select: { id: true } })).map(({ id }) => id);
  }

  /** Claims the run for a new attempt. Undefined when it has ended or does not exist. */
  async claim(id: string): Promise<ClaimedRun | undefined> {
    const { count } = await this.prisma.run.updateMany({
      where: { id, status: { in: UNFINISHED_STATUSES } },
      data: { attempt: { increment: 1 } },
    });
    if (count === 0) return undefined;
    return (await this.prisma.run.findUnique({ where: { id }, include: WITH_RELEASE })) ?? undefined;
  }

  /**
   * Records that the command begins now, before its service is created. False when it may not: it was cancelled. Of all
   * attempts one gets true, so that the command begins at most once. Throws NoRunSlotError: after a crash a run that has
   * begun may still wait for a worker, which a new one would take from it.
   */
  async begin(run: ClaimedRun, mostAtOnce: number): Promise<boolean> {
    const { userId } = run.environment;
    const begunAt = new Date();
    const deadlineAt = new Date(begunAt.getTime() + run.timeoutSeconds * 1000);
    const begun = { begunAt, deadlineAt, startedAt: begunAt };
    const count = await this.transaction(async (db) => {
      await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`berth.runs/${userId}`}))`;
      const running = await db.run.count({ where: { environment: { userId }, status: 'RUNNING' } });
      if (running >= mostAtOnce) throw new NoRunSlotError();
      const updated = await db.run.updateMany({
        where: { id: run.id, attempt: run.attempt, status: 'PENDING', begunAt: null, cancelRequestedAt: null },
        data: { ...begun, status: 'RUNNING' },
      });
      return updated.count;
    });
    if (count > 0) Object.assign(run, begun);
    return count > 0;
  }

  /** Stores the outcome before the service is removed: after a crash the next attempt only removes it. */
  async decide(run: ClaimedRun, verdict: Verdict): Promise<void> {
    const { id, attempt } = run;
    const { count } = await this.prisma.run.updateMany({ where: { id, attempt, outcome: null }, data: verdict });
    if (count === 0) throw new StaleRunError();
    Object.assign(run, verdict);
  }

  /** Makes the decided outcome the status: nothing of the run is left in the Engine. */
  async end({ id, attempt }: ClaimedRun): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE "Run" SET status = outcome, "endedAt" = now(), "updatedAt" = now()
      WHERE id = ${id} AND attempt = ${attempt} AND outcome IS NOT NULL
        AND status = ANY(${UNFINISHED_STATUSES}::"RunStatus"[])`;
  }

  async storedLog(runId: string): Promise<string | undefined> {
    return (await this.prisma.runLog.findUnique({ where: { runId } }))?.content;
  }

  async storeLog(runId: string, content: string): Promise<void> {
    await this.prisma.runLog.upsert({ where: { runId }, create: { runId, content }, update: { content } });
  }
}
