import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';

/** Finds a sealed value of a database that has no canary yet: an earlier version filled it. */
@Injectable()
export class SealedRows {
  constructor(private readonly prisma: PrismaService) {}

  /** Returns the newest sealed value with its context; undefined if nothing was sealed yet. */
  async sample(): Promise<{ sealed: string; context: string } | undefined> {
    const [row] = await this.prisma.$queryRaw<{ sealed: string; context: string }[]>`
      (SELECT "envVars" AS sealed, 'deployment/' || "jobId" || '/envVars' AS context FROM "Deployment"
         WHERE "envVars" IS NOT NULL ORDER BY "createdAt" DESC LIMIT 1)
      UNION ALL
      (SELECT value, name FROM "PlatformSetting" WHERE value LIKE 'v1.%.%.%' LIMIT 1)
      LIMIT 1`;
    return row;
  }
}
