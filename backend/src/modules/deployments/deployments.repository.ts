import { Injectable } from '@nestjs/common';
import { type Caller, ownedBy } from '../../common/decorators/caller.js';
import { afterPosition, NEWEST_FIRST, type Page } from '../../common/pagination.js';
import { Semaphore } from '../../common/semaphore.js';
import { type Db, PrismaService } from '../../core/database/prisma.service.js';
import type { Prisma } from '../../generated/prisma/client.js';
import type { PortMapping } from './release/release.js';
import { LIVE_STATUSES } from './state/transitions.js';

const WITH_PARTS = {
  environment: true,
  containers: { orderBy: { slot: 'asc' } },
  steps: { orderBy: { position: 'asc' } },
} as const satisfies Prisma.DeploymentInclude;

/** Fifty requests at once must leave connections for those who only read. */
const WRITERS = 4;

export type DeploymentRow = Prisma.DeploymentGetPayload<{ include: typeof WITH_PARTS }>;

/** Deployments as users see them: every query goes through the owner. */
@Injectable()
export class DeploymentsRepository {
  private readonly turns = new Semaphore(WRITERS);

  constructor(private readonly prisma: PrismaService) {}

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.turns.run(() => this.prisma.transaction(run));
  }

  byId(caller: Caller, id: string): Promise<DeploymentRow | null> {
    return this.findOwn(caller, { id });
  }

  byJobId(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    return this.findOwn(caller, { jobId });
  }

  /** Whoever asks looks at the owner himself. */
  byJobIdForAnybody(jobId: string): Promise<DeploymentRow | null> {
    return this.prisma.deployment.findUnique({ where: { jobId }, include: WITH_PARTS });
  }

  /** One row more than the limit when there is another page. Their environment is the caller's to add: it is the same for all. */
  ofEnvironment(environmentId: string, { limit, after }: Page): Promise<Omit<DeploymentRow, 'environment'>[]> {
    const { containers, steps } = WITH_PARTS;
    return this.prisma.deployment.findMany({
      where: { environmentId, ...afterPosition(after) },
      include: { containers, steps },
      orderBy: NEWEST_FIRST,
      take: limit + 1,
    });
  }

  /** Across environments, by one writer at a time. */
  async lockHostPorts(db: Db): Promise<void> {
    await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('berth.host-ports'))`;
  }

  countLive(db: Db, environmentId: string): Promise<number> {
    return db.deployment.count({ where: { environmentId, status: { in: LIVE_STATUSES } } });
  }

  /** Does a live deployment of another name hold this host port? */
  async hostPortHeld(db: Db, port: PortMapping, owner: { environmentId: string; name: string }): Promise<boolean> {
    const held = JSON.stringify([{ host: port.host, protocol: port.protocol }]);
    const rows = await db.$queryRaw<unknown[]>`
      SELECT 1 FROM "Deployment"
      WHERE status = ANY(${LIVE_STATUSES}::"DeploymentStatus"[]) AND ports @> ${held}::jsonb
        AND NOT ("environmentId" = ${owner.environmentId} AND name = ${owner.name}) LIMIT 1`;
    return rows.length > 0;
  }

  /** Is a release of this name there, or on its way? */
  async hasLive(environmentId: string, name: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { environmentId, name, status: { in: LIVE_STATUSES } } })) > 0;
  }

  running(environmentId: string, name: string): Promise<{ id: string } | null> {
    const where = { environmentId, name, status: 'RUNNING' } as const;
    return this.prisma.deployment.findFirst({ where, orderBy: NEWEST_FIRST, select: { id: true } });
  }

  /** The newest release of the name that ran and is older than that. */
  ranBefore(environmentId: string, name: string, createdAt: Date): Promise<DeploymentRow | null> {
    return this.prisma.deployment.findFirst({
      where: { environmentId, name, createdAt: { lt: createdAt }, status: { in: ['RUNNING', 'STOPPED'] } },
      orderBy: NEWEST_FIRST,
      include: WITH_PARTS,
    });
  }

  /** Its owner wants it to go: nothing brings it back. */
  async wantGone(db: Db, id: string): Promise<void> {
    await db.deployment.updateMany({ where: { id, deleteRequestedAt: null }, data: { deleteRequestedAt: new Date() } });
  }

  /** False when it runs no more. */
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

  private findOwn(caller: Caller, where: Prisma.DeploymentWhereInput): Promise<DeploymentRow | null> {
    return this.prisma.deployment.findFirst({ where: { ...where, environment: ownedBy(caller) }, include: WITH_PARTS });
  }
}
