import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';

interface Image {
  repository: string;
  tag: string;
}

/**
 * Selects the built images to retain: of live deployments, of the last three that ran of each name, and those younger
 * than an hour. The nodes retain the same.
 */
@Injectable()
export class RetainedImagesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Returns repositories without the registry's address. */
  async list(): Promise<Image[]> {
    const rows = await this.prisma.$queryRaw<{ image: string; tag: string }[]>`
      SELECT image, tag FROM (
        SELECT d.image, d.tag, d.status, d."createdAt",
          row_number() OVER (PARTITION BY d."environmentId", d.name, d.status IN ('RUNNING', 'STOPPED') ORDER BY d."createdAt" DESC) AS rank,
          EXISTS (SELECT 1 FROM "Deployment" b WHERE b."rollbackOfId" = d.id AND b.status NOT IN ('FAILED', 'STOPPED')) AS "isBack"
        FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId"
        WHERE d.source <> 'IMAGE' AND d."rollbackOfId" IS NULL AND e.status <> 'DELETED') AS built
      WHERE status NOT IN ('FAILED', 'STOPPED') OR "isBack" OR (status = 'STOPPED' AND rank <= 3) OR "createdAt" > now() - interval '1 hour'`;
    return rows.map(({ image, tag }) => ({ repository: image.slice(image.indexOf('/') + 1), tag }));
  }
}
