import { Injectable } from '@nestjs/common';
import { Semaphore } from '#src/common/semaphore.js';
import { type Caller, ownedBy } from '#src/common/decorators/caller.js';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';
import { afterPosition, NEWEST_FIRST, type Page } from '#src/common/pagination.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Deployment, Prisma } from '#src/generated/prisma/client.js';
import type { Resources } from '#src/config/config.js';
import { RUN_PREFIX } from '#src/modules/deployments/domain/names.js';
import type { PortMapping } from '#src/modules/deployments/domain/release.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

const WITH_PARTS = {
  environment: true,
  containers: { orderBy: { slot: 'asc' } },
  steps: { orderBy: { position: 'asc' } },
} as const satisfies Prisma.DeploymentInclude;

/**
 * Limits transactions of requests, so that they queue here and not in the pool, whose waits time out. While the database
 * does not answer, the waiting ones fail together with the first: each client gets its 503 within the timeout.
 */
const MAX_TRANSACTIONS = 4;
const HANGING_AFTER_MS = 2000;

export type DeploymentRow = Prisma.DeploymentGetPayload<{ include: typeof WITH_PARTS }> & {
  /** PENDING only: position in the queue, from 1 */
  queuePosition?: number | undefined;
};

/** Sums of limits, and the number of published host ports. */
export type Usage = Resources & { hostPorts: number };

type Release = Pick<Deployment, 'id' | 'environmentId' | 'name' | 'createdAt'>;

/** Queries of deployments for users: every query for a caller filters by owner. */
@Injectable()
export class DeploymentsRepository {
  private readonly transactions = new Semaphore(MAX_TRANSACTIONS, (error) => this.isHanging(error));
  private lastCommitAt = -Infinity;

  constructor(private readonly prisma: PrismaService) {}

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.transactions.run(async () => {
      const result = await this.prisma.transaction(run);
      this.lastCommitAt = performance.now();
      return result;
    });
  }

  /** A database that is merely busy still commits other transactions. */
  private isHanging(error: unknown): boolean {
    return isDatabaseUnavailable(error) && performance.now() - this.lastCommitAt > HANGING_AFTER_MS;
  }

  byId(caller: Caller, id: string): Promise<DeploymentRow | null> {
    return this.findOwn(caller, { id });
  }

  byJobId(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    return this.findOwn(caller, { jobId });
  }

  /** Does not filter by owner: the caller must check it. */
  async byJobIdUnfiltered(jobId: string): Promise<DeploymentRow | null> {
    return this.withQueuePosition(await this.prisma.deployment.findUnique({ where: { jobId }, include: WITH_PARTS }));
  }

  /**
   * Returns one row more than the limit when there is another page. The caller adds the environment, the same for all.
   */
  async ofEnvironment(environmentId: string, { limit, after }: Page): Promise<Omit<DeploymentRow, 'environment'>[]> {
    const { containers, steps } = WITH_PARTS;
    const rows = await this.prisma.deployment.findMany({
      where: { environmentId, ...afterPosition(after) },
      include: { containers, steps },
      orderBy: NEWEST_FIRST,
      take: limit + 1,
    });
    const pending = rows.filter(({ status }) => status === 'PENDING');
    if (pending.length === 0) return rows;
    const positions = await this.queuePositions(pending.map(({ id }) => id));
    return rows.map((row) => ({ ...row, queuePosition: positions.get(row.id) }));
  }

  /** Serializes the checks of host ports, which are global to all environments. */
  async lockHostPorts(db: Db): Promise<void> {
    await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('berth.host-ports'))`;
  }

  /**
   * Sums what the live deployments of a user may use, except those of one name, and their runs. Of the releases of a
   * name it counts the largest: they run together only during a rollout. Of the runs it counts the `runs` largest: the
   * others are queued. Locks the sums of this user until the transaction ends.
   */
  async usedBy(
    db: Db,
    userId: string,
    { except, runs }: { except?: { environmentId: string; name: string }; runs: number },
  ): Promise<Usage> {
    await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`berth.usage/${userId}`}))`;
    const [deployed, run] = [await this.usedByDeployments(db, userId, except), await this.usedByRuns(db, userId, runs)];
    return {
      cpus: deployed.cpus + run.cpus,
      memoryMb: deployed.memoryMb + run.memoryMb,
      pids: deployed.pids + run.pids,
      hostPorts: deployed.hostPorts,
    };
  }

  private async usedByDeployments(db: Db, userId: string, except?: { environmentId: string; name: string }) {
    const rows = await db.$queryRaw<Usage[]>`
      SELECT coalesce(sum(cpus), 0)::float8 AS cpus, coalesce(sum("memoryMb"), 0)::float8 AS "memoryMb",
        coalesce(sum(pids), 0)::float8 AS pids, coalesce(sum("hostPorts"), 0)::int AS "hostPorts"
      FROM (
        SELECT max(d.replicas * (d.resources->>'cpus')::numeric) AS cpus,
          max(d.replicas * (d.resources->>'memoryMb')::numeric) AS "memoryMb",
          max(d.replicas * (d.resources->>'pids')::numeric) AS pids,
          max((SELECT count(*) FROM jsonb_array_elements(d.ports) AS port WHERE port->'host' IS NOT NULL)) AS "hostPorts"
        FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId"
        WHERE e."userId" = ${userId} AND d.status = ANY(${LIVE_STATUSES}::"DeploymentStatus"[])
          AND (d."environmentId", d.name) IS DISTINCT FROM (${except?.environmentId ?? null}::text, ${except?.name ?? null}::text)
        GROUP BY d."environmentId", d.name) AS names`;
    return rows[0] ?? { cpus: 0, memoryMb: 0, pids: 0, hostPorts: 0 };
  }

  private async usedByRuns(db: Db, userId: string, most: number): Promise<Resources> {
    const rows = await db.$queryRaw<Resources[]>`
      SELECT coalesce(sum(cpus) FILTER (WHERE "byCpus" <= ${most}), 0)::float8 AS cpus,
        coalesce(sum("memoryMb") FILTER (WHERE "byMemory" <= ${most}), 0)::float8 AS "memoryMb",
        coalesce(sum(pids) FILTER (WHERE "byPids" <= ${most}), 0)::float8 AS pids
      FROM (
        SELECT cpus, "memoryMb", pids, row_number() OVER (ORDER BY cpus DESC) AS "byCpus",
          row_number() OVER (ORDER BY "memoryMb" DESC) AS "byMemory", row_number() OVER (ORDER BY pids DESC) AS "byPids"
        FROM (
          SELECT (r.resources->>'cpus')::numeric AS cpus, (r.resources->>'memoryMb')::numeric AS "memoryMb",
            (r.resources->>'pids')::numeric AS pids
          FROM "Run" r JOIN "Environment" e ON e.id = r."environmentId"
          WHERE e."userId" = ${userId} AND r.status IN ('PENDING', 'RUNNING')) AS unfinished) AS ranked`;
    return rows[0] ?? { cpus: 0, memoryMb: 0, pids: 0 };
  }

  countLive(db: Db, environmentId: string): Promise<number> {
    return db.deployment.count({ where: { environmentId, status: { in: LIVE_STATUSES } } });
  }

  /** True when a live deployment of another name holds this host port. */
  async hostPortHeld(db: Db, port: PortMapping, owner: { environmentId: string; name: string }): Promise<boolean> {
    const held = JSON.stringify([{ host: port.host, protocol: port.protocol }]);
    const rows = await db.$queryRaw<unknown[]>`
      SELECT 1 FROM "Deployment"
      WHERE status = ANY(${LIVE_STATUSES}::"DeploymentStatus"[]) AND ports @> ${held}::jsonb
        AND NOT ("environmentId" = ${owner.environmentId} AND name = ${owner.name}) LIMIT 1`;
    return rows.length > 0;
  }

  /** True when a deployment of any name holds this host port, or has held it since a time. */
  async hostPortKnown(db: Db, port: PortMapping, since: Date): Promise<boolean> {
    const held = JSON.stringify([{ host: port.host, protocol: port.protocol }]);
    const rows = await db.$queryRaw<unknown[]>`
      SELECT 1 FROM "Deployment" WHERE ports @> ${held}::jsonb
        AND (status = ANY(${LIVE_STATUSES}::"DeploymentStatus"[]) OR "updatedAt" > ${since}) LIMIT 1`;
    return rows.length > 0;
  }

  /** Counts the deployments of a user that are pending or in progress. */
  countInProgress(db: Db, userId: string): Promise<number> {
    return db.deployment.count({ where: { status: { in: IN_PROGRESS_STATUSES }, environment: { userId } } });
  }

  /** True when a release of this name is running or in progress. */
  async hasLive(environmentId: string, name: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { environmentId, name, status: { in: LIVE_STATUSES } } })) > 0;
  }

  running(environmentId: string, name: string): Promise<{ id: string } | null> {
    const where = { environmentId, name, status: 'RUNNING' } as const;
    return this.prisma.deployment.findFirst({ where, orderBy: NEWEST_FIRST, select: { id: true } });
  }

  /** The next release of the same name that did not fail. */
  newer({ environmentId, name, createdAt }: Release): Promise<Release | null> {
    return this.prisma.deployment.findFirst({
      where: { environmentId, name, createdAt: { gt: createdAt }, status: { not: 'FAILED' } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
  }

  /**
   * The newest deployment of the name that was created from Git; null when its deletion is requested, or that of the
   * release before it that has not FAILED.
   */
  async newestBuilt(db: Db, environmentId: string, name: string): Promise<Deployment | null> {
    const where = { environmentId, name, source: 'GIT' } as const;
    const row = await db.deployment.findFirst({ where, orderBy: NEWEST_FIRST });
    const isValid = { ...where, status: { not: 'FAILED' } } as const;
    const valid = await db.deployment.findFirst({ where: isValid, orderBy: NEWEST_FIRST });
    return row?.deleteRequestedAt || valid?.deleteRequestedAt ? null : row;
  }

  /** Does not filter by owner: the caller must check it. */
  get(db: Db, id: string): Promise<Deployment> {
    return db.deployment.findUniqueOrThrow({ where: { id } });
  }

  /** The newest release of the name, also one that has FAILED. */
  newest(db: Db, environmentId: string, name: string): Promise<Deployment | null> {
    return db.deployment.findFirst({ where: { environmentId, name }, orderBy: NEWEST_FIRST });
  }

  /** The newest release of the name that has not FAILED: it runs, is to run, or was the last to run. */
  newestValid(db: Db, environmentId: string, name: string): Promise<Deployment | null> {
    return db.deployment.findFirst({
      where: { environmentId, name, status: { not: 'FAILED' } },
      orderBy: NEWEST_FIRST,
    });
  }

  /** Reads outside of a transaction. */
  get db(): Db {
    return this.prisma;
  }

  /** The newest release of the name that ran and was created before `createdAt`. */
  ranBefore(environmentId: string, name: string, createdAt: Date): Promise<DeploymentRow | null> {
    return this.prisma.deployment.findFirst({
      where: { environmentId, name, createdAt: { lt: createdAt }, status: { in: ['RUNNING', 'STOPPED'] } },
      orderBy: NEWEST_FIRST,
      include: WITH_PARTS,
    });
  }

  async ownerOf(db: Db, id: string): Promise<string> {
    const where = { deployments: { some: { id } } };
    return (await db.environment.findFirstOrThrow({ where, select: { userId: true } })).userId;
  }

  /**
   * Marks the deployment: the drift reconciler ignores it from then on. `deletion` is undefined for a deployment that
   * is only stopped and may be started again.
   */
  async requestDeletion(db: Db, id: string, deletion: { deleteVolumes: boolean } | undefined): Promise<void> {
    const now = new Date();
    await db.deployment.updateMany({ where: { id, deleteRequestedAt: null }, data: { deleteRequestedAt: now } });
    if (deletion) await db.deployment.updateMany({ where: { id }, data: { deletedAt: now, ...deletion } });
  }

  async setExpiry(db: Db, id: string, expiresAt: Date | null): Promise<void> {
    await db.deployment.updateMany({ where: { id }, data: { expiresAt } });
  }

  /** False when the deployment is not running any more. */
  async setReplicas(db: Db, id: string, replicas: number): Promise<boolean> {
    const { count } = await db.deployment.updateMany({
      where: { id, status: 'RUNNING', deleteRequestedAt: null },
      data: { replicas },
    });
    return count > 0;
  }

  create(db: Db, data: Prisma.DeploymentUncheckedCreateInput): Promise<{ id: string }> {
    return db.deployment.create({ data, select: { id: true } });
  }

  private async findOwn(caller: Caller, where: Prisma.DeploymentWhereInput): Promise<DeploymentRow | null> {
    const own = { ...where, environment: ownedBy(caller) };
    return this.withQueuePosition(await this.prisma.deployment.findFirst({ where: own, include: WITH_PARTS }));
  }

  private async withQueuePosition(row: DeploymentRow | null): Promise<DeploymentRow | null> {
    if (row?.status !== 'PENDING') return row;
    return { ...row, queuePosition: (await this.queuePositions([row.id])).get(row.id) };
  }

  /**
   * Position by deployment id, from 1, among all pending jobs of the same worker pool. A locked job counts as pending
   * until its deployment has started.
   */
  private async queuePositions(ids: string[]): Promise<Map<string, number>> {
    const rows = await this.prisma.$queryRaw<{ id: string; position: number }[]>`
      SELECT id, position FROM (
        SELECT d.id, row_number() OVER (PARTITION BY j.task_identifier ORDER BY j.priority, j.run_at, j.id)::int AS position
        FROM "Deployment" d JOIN graphile_worker.jobs j ON j.key = ${RUN_PREFIX} || d.id WHERE d.status = 'PENDING') AS waiting
      WHERE id = ANY(${ids})`;
    return new Map(rows.map(({ id, position }) => [id, position]));
  }
}
