import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';

/** The last lines of a deployment's containers, stored when its service is removed. */
@Injectable()
export class RetainedLogsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async find(deploymentId: string): Promise<string | undefined> {
    const log = await this.prisma.deploymentLog.findFirst({
      where: { deploymentId, kind: 'RUNTIME' },
      orderBy: { createdAt: 'desc' },
    });
    return log?.content;
  }

  async replace(deploymentId: string, content: string): Promise<void> {
    await this.prisma.$transaction([
      this.prisma.deploymentLog.deleteMany({ where: { deploymentId, kind: 'RUNTIME' } }),
      this.prisma.deploymentLog.create({ data: { deploymentId, kind: 'RUNTIME', content } }),
    ]);
  }
}
