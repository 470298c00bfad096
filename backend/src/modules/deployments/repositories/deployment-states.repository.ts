import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Deployment, DeploymentStatus, Environment } from '#src/generated/prisma/client.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { RUN_PREFIX, volumeName } from '#src/modules/deployments/domain/names.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

/** Neither the deletion of the deployment nor that of its environment is requested. */
const RETAINED = { deleteRequestedAt: null, environment: { status: 'ACTIVE' } } as const;
const RUNNING = { ...RETAINED, status: 'RUNNING' } as const;

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

  async isInProgress(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, status: { in: IN_PROGRESS_STATUSES } } })) > 0;
  }

  async isRunning(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, ...RUNNING } })) > 0;
  }

  running(id: string): Promise<RunningDeployment | null> {
    return this.prisma.deployment.findFirst({ where: { id, ...RUNNING }, include: { environment: true } });
  }

  /** Running deployments whose row has not changed since `before`. */
  runningUnchanged(before: Date): Promise<Pick<Deployment, 'id' | 'name' | 'environmentId' | 'replicas'>[]> {
    return this.prisma.deployment.findMany({
      where: { ...RUNNING, updatedAt: { lt: before } },
      select: { id: true, name: true, environmentId: true, replicas: true },
    });
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

  /** Those of the deployments whose cancellation is requested. */
  cancelRequested(ids: string[]): Promise<{ id: string }[]> {
    return this.prisma.deployment.findMany({
      where: { id: { in: ids }, cancelRequestedAt: { not: null } },
      select: { id: true },
    });
  }

  /** Deployments in progress that were created before `before` and have no job that can still run. */
  async withoutJob(before: Date): Promise<(Deployment & { environment: Environment })[]> {
    const ids = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT d.id FROM "Deployment" d
      WHERE d.status = ANY(${IN_PROGRESS_STATUSES}::"DeploymentStatus"[]) AND d."createdAt" < ${before} AND NOT EXISTS (
        SELECT 1 FROM graphile_worker.jobs j WHERE j.key = ${RUN_PREFIX} || d.id AND (j.locked_at IS NOT NULL OR j.attempts < j.max_attempts))`;
    return this.prisma.deployment.findMany({
      where: { id: { in: ids.map(({ id }) => id) } },
      include: { environment: true },
    });
  }

  /** Docker names of the volumes that the deployment mounts and no other live deployment does. */
  async unsharedVolumes(id: string): Promise<string[]> {
    const row = await this.prisma.deployment.findUniqueOrThrow({ where: { id } });
    const others = await this.prisma.deployment.findMany({
      where: { environmentId: row.environmentId, id: { not: id }, status: { in: LIVE_STATUSES } },
      select: { volumes: true },
    });
    const shared = new Set(others.flatMap(volumeNames));
    const own = volumeNames(row).filter((name) => !shared.has(name));
    return own.map((name) => volumeName(row.environmentId, name));
  }

  /** Stores the node that the service must run on. */
  async place(id: string, place: Pick<Deployment, 'nodeId' | 'node'>): Promise<void> {
    await this.prisma.deployment.updateMany({ where: { id }, data: place });
  }
}

function volumeNames(row: Pick<Deployment, 'volumes'>): string[] {
  return columnsOf(row).volumes.map(({ name }) => name);
}
