import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

const BUILT = { not: 'IMAGE' } as const;

/** Reads which deployments were built here, and which of them still need their images and directories. */
@Injectable()
export class BuiltDeploymentsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async idsIn(environmentId: string): Promise<Set<string>> {
    return idsOf(
      await this.prisma.deployment.findMany({ where: { environmentId, source: BUILT }, select: { id: true } }),
    );
  }

  byIds(ids: string[]): Promise<Pick<Deployment, 'id' | 'environmentId' | 'name' | 'createdAt'>[]> {
    return this.prisma.deployment.findMany({
      where: { id: { in: ids }, source: BUILT },
      select: { id: true, environmentId: true, name: true, createdAt: true },
    });
  }

  /** Returns the ids of the deployments whose images are in use: a rollback uses the image of another deployment. */
  async idsInUse(): Promise<Set<string>> {
    const rows = await this.prisma.deployment.findMany({
      where: { source: BUILT, status: { in: LIVE_STATUSES } },
      select: { id: true, rollbackOfId: true },
    });
    return new Set(rows.map(({ id, rollbackOfId }) => rollbackOfId ?? id));
  }

  async idsInProgress(ids: string[]): Promise<Set<string>> {
    const where = { id: { in: ids }, status: { in: IN_PROGRESS_STATUSES } };
    return idsOf(await this.prisma.deployment.findMany({ where, select: { id: true } }));
  }
}

function idsOf(rows: { id: string }[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
}
