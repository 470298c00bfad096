import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Container, Prisma } from '#src/generated/prisma/client.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

const OF_LIVE = { deployment: { status: { in: LIVE_STATUSES } } };

/** The Container rows: one per replica of a deployment. */
@Injectable()
export class ContainersRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Ids of the live deployments that have containers. */
  async liveDeployments(): Promise<string[]> {
    const rows = await this.prisma.container.findMany({
      where: OF_LIVE,
      distinct: ['deploymentId'],
      select: { deploymentId: true },
    });
    return rows.map(({ deploymentId }) => deploymentId);
  }

  /** Empty for a deployment that is not live. */
  ofLive(deploymentId: string): Promise<Container[]> {
    return this.prisma.container.findMany({ where: { deploymentId, ...OF_LIVE } });
  }

  async update(id: string, data: Prisma.ContainerUpdateManyMutationInput): Promise<void> {
    await this.prisma.container.updateMany({ where: { id }, data });
  }

  /** Makes the rows those of these slots of the service. */
  async replaceSlots(deploymentId: string, slots: number[], service: { id: string; name: string }): Promise<void> {
    const own = { name: service.name, dockerServiceId: service.id };
    await this.prisma.transaction(async (db) => {
      await db.container.deleteMany({ where: { deploymentId, slot: { notIn: slots } } });
      await db.container.updateMany({ where: { deploymentId }, data: own });
      const data = slots.map((slot) => ({ deploymentId, slot, ...own }));
      await db.container.createMany({ data, skipDuplicates: true });
    });
  }
}
