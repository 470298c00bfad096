import { Injectable } from '@nestjs/common';
import type { Prisma } from '#src/generated/prisma/client.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { IN_PROGRESS_STATUSES } from '#src/modules/deployments/domain/transitions.js';

export interface BuildLogPart {
  part: number;
  content: string;
}

/** Stores the parts of build logs. */
@Injectable()
export class BuildLogRepository {
  constructor(private readonly prisma: PrismaService) {}

  async size(deploymentId: string): Promise<{ parts: number; size: number }> {
    const [state] = await this.prisma.$queryRaw<{ parts: number; size: number }[]>`
      SELECT coalesce(max(part), 0)::int AS parts, coalesce(sum(length(content)), 0)::int AS size FROM "DeploymentLog"
      WHERE "deploymentId" = ${deploymentId} AND kind = 'BUILD'`;
    return state ?? { parts: 0, size: 0 };
  }

  async append(deploymentId: string, part: number, content: string): Promise<void> {
    await this.prisma.deploymentLog.create({ data: { deploymentId, kind: 'BUILD', part, content } });
  }

  /** The next parts in order, at most `count`. */
  partsAfter(deploymentId: string, part: number, count: number): Promise<BuildLogPart[]> {
    return this.parts(deploymentId, { gt: part }, 'asc', count);
  }

  /** The parts before `part`, the last of them first, at most `count`. */
  partsBefore(deploymentId: string, part: number, count: number): Promise<BuildLogPart[]> {
    return this.parts(deploymentId, { lt: part }, 'desc', count);
  }

  private parts(deploymentId: string, part: Prisma.IntFilter, order: 'asc' | 'desc', take: number) {
    const where = { deploymentId, kind: 'BUILD' as const, part };
    return this.prisma.deploymentLog.findMany({
      where,
      orderBy: { part: order },
      take,
      select: { part: true, content: true },
    });
  }

  /** True until the image is built and the release command has run. */
  async isBuilding(id: string): Promise<boolean> {
    const before = ['PENDING', 'PULLING_IMAGE'] as const satisfies typeof IN_PROGRESS_STATUSES;
    const hasPendingCommand = {
      status: { in: IN_PROGRESS_STATUSES },
      releaseCommand: { isEmpty: false },
      releaseCommandDoneAt: null,
      OR: [{ rollbackOfId: null }, { isChange: true }],
    };
    const where = { id, OR: [{ status: { in: [...before] } }, hasPendingCommand] };
    return (await this.prisma.deployment.count({ where })) > 0;
  }
}
