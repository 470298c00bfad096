import type { PrismaService } from '#src/core/database/prisma.service.js';

/**
 * Counts the jobs that can start now, by name: `run_at` has passed, their queue is free, and their flag is not in
 * `full`.
 */
export async function findDueJobs(prisma: PrismaService, full: string[]): Promise<Map<string, number>> {
  const rows = await prisma.$queryRaw<{ name: string; count: number }[]>`
    SELECT task_identifier AS name, count(DISTINCT coalesce(queue_name, id::text))::int AS count FROM graphile_worker.jobs
    WHERE locked_at IS NULL AND attempts < max_attempts AND run_at <= now() AND NOT coalesce(flags ?| ${full}::text[], false)
      AND (queue_name IS NULL OR queue_name NOT IN (
        SELECT queue_name FROM graphile_worker.jobs WHERE locked_at IS NOT NULL AND queue_name IS NOT NULL))
    GROUP BY 1`;
  return new Map(rows.map(({ name, count }) => [name, count]));
}
