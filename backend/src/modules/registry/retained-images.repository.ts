import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';

interface Image {
  repository: string;
  tag: string;
}

/**
 * Selects the built images to retain: of live deployments, of the last three that ran of each name, and those younger
 * than an hour. A release with the image of another one, perhaps of another environment, has its repository and tag.
 * The nodes retain the same.
 */
@Injectable()
export class RetainedImagesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Returns repositories without the registry's address. */
  async list(): Promise<Image[]> {
    const rows = await this.prisma.$queryRaw<{ image: string; tag: string }[]>`
      SELECT DISTINCT image, tag FROM (
        SELECT image, tag, "isLive", "ranAt", "createdAt",
          row_number() OVER (PARTITION BY "environmentId", name ORDER BY "ranAt" DESC NULLS LAST) AS rank
        FROM (
          SELECT d.image, d.tag, d."environmentId", d.name, max(d."createdAt") AS "createdAt",
            bool_or(d.status NOT IN ('FAILED', 'STOPPED')) AS "isLive",
            max(d."createdAt") FILTER (WHERE d.status IN ('RUNNING', 'STOPPED')) AS "ranAt"
          FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId"
          WHERE d.source <> 'IMAGE' AND e.status <> 'DELETED'
          GROUP BY d.image, d.tag, d."environmentId", d.name) AS images) AS ranked
      WHERE "isLive" OR ("ranAt" IS NOT NULL AND rank <= 3) OR "createdAt" > now() - interval '1 hour'`;
    return rows.map(({ image, tag }) => ({ repository: image.slice(image.indexOf('/') + 1), tag }));
  }
}
