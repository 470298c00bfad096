import { Injectable } from '@nestjs/common';
import { NEWEST_FIRST } from '#src/common/pagination.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Deployment, DeploymentStatus, Environment } from '#src/generated/prisma/client.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { volumeName } from '#src/modules/deployments/domain/names.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

/** Neither the deletion of the deployment nor that of its environment is requested. */
const RETAINED = { deleteRequestedAt: null, environment: { status: 'ACTIVE' } } as const;
const RUNNING = { ...RETAINED, status: 'RUNNING' } as const;

/** The newest RUNNING release of its name. */
export type CurrentRelease = Pick<
  Deployment,
  'id' | 'name' | 'environmentId' | 'replicas' | 'source' | 'image' | 'tag' | 'imageDigest' | 'nodeId'
>;

export type RunningDeployment = Deployment & { environment: Environment };

/** Statements of jobs and periodic checks. They concern the deployments of all users. */
@Injectable()
export class DeploymentStatesRepository {
  constructor(private readonly prisma: PrismaService) {}

  get db(): Db {
    return this.prisma;
  }

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  async isLive(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, status: { in: LIVE_STATUSES } } })) > 0;
  }

  async isInProgress(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, status: { in: IN_PROGRESS_STATUSES } } })) > 0;
  }

  async isRunning(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, ...RUNNING } })) > 0;
  }

  /** The deployment, if it is RUNNING and no newer release of its name is, which drains it or has stopped it first. */
  async running(id: string): Promise<RunningDeployment | null> {
    const row = await this.prisma.deployment.findFirst({
      where: { id, ...RUNNING },
      include: { environment: true },
    });
    return row && (await this.current([row])).length > 0 ? row : null;
  }

  /** The same of all deployments whose row has not changed since `before`. */
  async runningUnchanged(before: Date): Promise<CurrentRelease[]> {
    const rows = await this.prisma.deployment.findMany({
      where: { ...RUNNING, updatedAt: { lt: before } },
      select: {
        id: true,
        name: true,
        environmentId: true,
        replicas: true,
        source: true,
        image: true,
        tag: true,
        imageDigest: true,
        nodeId: true,
      },
    });
    return this.current(rows);
  }

  /** Those of the releases that are the newest RUNNING one of their name. */
  private async current<T extends CurrentRelease>(rows: T[]): Promise<T[]> {
    const environmentId = { in: [...new Set(rows.map((row) => row.environmentId))] };
    const name = { in: [...new Set(rows.map((row) => row.name))] };
    const newest = await this.prisma.deployment.findMany({
      where: { environmentId, name, status: 'RUNNING' },
      distinct: ['environmentId', 'name'],
      orderBy: NEWEST_FIRST,
      select: { id: true },
    });
    const ids = new Set(newest.map(({ id }) => id));
    return rows.filter(({ id }) => ids.has(id));
  }

  live(id: string): Promise<Deployment | null> {
    return this.prisma.deployment.findFirst({ where: { id, ...RETAINED, status: { in: LIVE_STATUSES } } });
  }

  liveInEnvironment(environmentId: string): Promise<{ id: string; status: DeploymentStatus }[]> {
    return this.prisma.deployment.findMany({
      where: { environmentId, status: { in: LIVE_STATUSES } },
      select: { id: true, status: true },
    });
  }

  /** Those of the deployments that are live or have changed since `since`. */
  async liveOrChanged(ids: string[], since: Date): Promise<string[]> {
    const rows = await this.prisma.deployment.findMany({
      where: { id: { in: ids }, OR: [{ status: { in: LIVE_STATUSES } }, { updatedAt: { gt: since } }] },
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }

  /** The same of runs. */
  async unfinishedOrChangedRuns(ids: string[], since: Date): Promise<string[]> {
    const rows = await this.prisma.run.findMany({
      where: { id: { in: ids }, OR: [{ status: { in: ['PENDING', 'RUNNING'] } }, { updatedAt: { gt: since } }] },
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }

  /** Those of the deployments whose cancellation is requested. */
  cancelRequested(ids: string[]): Promise<{ id: string }[]> {
    return this.prisma.deployment.findMany({
      where: { id: { in: ids }, cancelRequestedAt: { not: null } },
      select: { id: true },
    });
  }

  byId(id: string): Promise<Deployment> {
    return this.prisma.deployment.findUniqueOrThrow({ where: { id } });
  }

  /**
   * Docker names of the volumes that the deployment mounts and nothing else uses: no live deployment, and no stopped one
   * of another name that may be started again.
   */
  async unsharedVolumes(id: string): Promise<string[]> {
    const row = await this.byId(id);
    const { environmentId, name } = row;
    const live = { environmentId, id: { not: id }, status: { in: LIVE_STATUSES } };
    const [others, newest] = await Promise.all([
      this.prisma.deployment.findMany({ where: live, select: { volumes: true } }),
      this.prisma.deployment.findMany({
        where: { environmentId, name: { not: name }, status: { in: ['RUNNING', 'STOPPED'] } },
        distinct: ['name'],
        orderBy: NEWEST_FIRST,
        select: { volumes: true, status: true, deletedAt: true },
      }),
    ]);
    const startable = newest.filter(({ status, deletedAt }) => status === 'STOPPED' && deletedAt === null);
    const used = new Set([...others, ...startable].flatMap(volumeNames));
    const own = volumeNames(row).filter((volume) => !used.has(volume));
    return own.map((volume) => volumeName(environmentId, volume));
  }

  /** Stores the node that the service must run on. */
  async place(id: string, place: Pick<Deployment, 'nodeId' | 'node'>): Promise<void> {
    await this.prisma.deployment.updateMany({ where: { id }, data: place });
  }
}

function volumeNames(row: Pick<Deployment, 'volumes'>): string[] {
  return columnsOf(row).volumes.map(({ name }) => name);
}
