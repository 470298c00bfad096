import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { ContainerCounters } from '#src/integrations/docker/container-stats.js';

export interface ContainerSample extends ContainerCounters {
  deploymentId: string;
  containerId: string;
  replica: number;
  /** When the container was created. */
  startedAt: Date;
  at: Date;
}

/** Usage of a replica during one step of a chart. */
export interface UsagePoint {
  /** Start of the step. */
  at: Date;
  replica: number;
  /** Mean, in cores. */
  cpu: number;
  /** The highest of the samples. */
  memoryBytes: number;
  rxBytes: number;
  txBytes: number;
}

/** Forty samples of 36 bytes: with more, PostgreSQL would move the lists to a table of their own. */
const PERIOD_MS = 600_000;
const MAX_EVENTS = 100;

/** The ContainerSamples rows: one per container and ten minutes, kept for a day. */
@Injectable()
export class ContainerSamplesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Stores a round. Containers of deployments that are not in the database are left out. */
  async append(samples: ContainerSample[]): Promise<void> {
    const rows = JSON.stringify(samples.map(withPeriod));
    await this.prisma.$executeRaw`
      INSERT INTO "ContainerSamples" AS c ("deploymentId", "periodAt", "containerId", replica, "startedAt",
        "offsetsMs", "cpuSeconds", "memoryBytes", "rxBytes", "txBytes")
      SELECT d.id, s."periodAt", s."containerId", s.replica, s."startedAt",
        ARRAY[s."offsetMs"], ARRAY[s."cpuSeconds"], ARRAY[s."memoryBytes"], ARRAY[s."rxBytes"], ARRAY[s."txBytes"]
      FROM jsonb_to_recordset(${rows}::jsonb) AS s("deploymentId" text, "periodAt" timestamptz, "containerId" text,
        replica int, "startedAt" timestamptz, "offsetMs" int, "cpuSeconds" float8, "memoryBytes" float8,
        "rxBytes" float8, "txBytes" float8) JOIN "Deployment" d ON d.id = s."deploymentId"
      ON CONFLICT ("deploymentId", "periodAt", "containerId") DO UPDATE SET
        "offsetsMs" = c."offsetsMs" || EXCLUDED."offsetsMs", "cpuSeconds" = c."cpuSeconds" || EXCLUDED."cpuSeconds",
        "memoryBytes" = c."memoryBytes" || EXCLUDED."memoryBytes", "rxBytes" = c."rxBytes" || EXCLUDED."rxBytes",
        "txBytes" = c."txBytes" || EXCLUDED."txBytes"`;
  }

  /**
   * Usage since then by replica and step; steps are multiples of their length since 1970. A sample tells what was used
   * since the previous one of its container, so the first sample of a container makes no point.
   */
  async points(deploymentId: string, since: Date, stepSeconds: number): Promise<UsagePoint[]> {
    const from = new Date(since.getTime() - 2 * PERIOD_MS);
    return this.prisma.$queryRaw<UsagePoint[]>`
      WITH sample AS (
        SELECT c.replica, c."containerId", c."periodAt" + s."offsetMs" * interval '1 millisecond' AS at, s.cpu, s.memory, s.rx, s.tx
        FROM "ContainerSamples" c, unnest(c."offsetsMs", c."cpuSeconds", c."memoryBytes", c."rxBytes", c."txBytes")
          AS s("offsetMs", cpu, memory, rx, tx)
        WHERE c."deploymentId" = ${deploymentId} AND c."periodAt" >= ${from}
      ), used AS (
        SELECT replica, at, memory, extract(epoch FROM at - lag(at) OVER w)::float8 AS seconds,
          greatest(cpu - lag(cpu) OVER w, 0) AS cpu, greatest(rx - lag(rx) OVER w, 0) AS rx, greatest(tx - lag(tx) OVER w, 0) AS tx
        FROM sample WINDOW w AS (PARTITION BY "containerId" ORDER BY at)
      )
      SELECT to_timestamp(floor(extract(epoch FROM at) / ${stepSeconds}::int) * ${stepSeconds}::int) AS at, replica,
        sum(cpu) / sum(seconds) AS cpu, max(memory) AS "memoryBytes", sum(rx) AS "rxBytes", sum(tx) AS "txBytes"
      FROM used WHERE at >= ${since} AND seconds > 0 GROUP BY 1, 2 ORDER BY 1, 2`;
  }

  /** Containers that replaced another one of their replica since then, the last 100. */
  async restarts(deploymentId: string, since: Date): Promise<{ at: Date; replica: number }[]> {
    return this.prisma.$queryRaw<{ at: Date; replica: number }[]>`
      SELECT "startedAt" AS at, replica FROM (
        SELECT replica, "startedAt", lag("startedAt") OVER (PARTITION BY replica ORDER BY "startedAt") AS previous
        FROM (SELECT DISTINCT replica, "containerId", "startedAt" FROM "ContainerSamples" WHERE "deploymentId" = ${deploymentId}) AS one
      ) AS container
      WHERE previous IS NOT NULL AND "startedAt" >= ${since} ORDER BY "startedAt" DESC LIMIT ${MAX_EVENTS}`;
  }

  /** Releases of the name that started since then, the last 100. */
  async releases(environmentId: string, name: string, since: Date): Promise<{ id: string; startedAt: Date | null }[]> {
    return this.prisma.deployment.findMany({
      where: { environmentId, name, startedAt: { gte: since } },
      orderBy: { startedAt: 'desc' },
      take: MAX_EVENTS,
      select: { id: true, startedAt: true },
    });
  }

  /** Deletes rows whose last sample is older than a day. */
  async prune(): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM "ContainerSamples" WHERE "periodAt" < now() - interval '1 day' - ${PERIOD_MS} * interval '1 millisecond'`;
  }
}

function withPeriod(sample: ContainerSample) {
  const offsetMs = sample.at.getTime() % PERIOD_MS;
  return { ...sample, offsetMs, periodAt: new Date(sample.at.getTime() - offsetMs) };
}
