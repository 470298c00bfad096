import type { Platform } from '../test/scenario/platform.js';

/** Rows as the API would write them, of the user with this Telegram id, without anything that runs: `count` environments. */
export async function addEnvironments(platform: Platform, telegramId: string, count: number): Promise<void> {
  await platform.sql(
    `INSERT INTO "Environment" (id, name, "overlayNetworkId", status, "userId", "createdAt")
     SELECT 'e' || md5(random()::text || n), 'bench-' || n, 'bench_' || md5(random()::text || n), 'ACTIVE', u.id, now() - n * interval '1 second'
     FROM generate_series(1, $2::int) n, "User" u WHERE u."telegramId" = $1`,
    [telegramId, count],
  );
}

/** `count` deployments that were stopped, in one environment, each with steps and a container. */
export async function addDeployments(platform: Platform, environmentId: string, count: number): Promise<void> {
  await platform.sql(
    `INSERT INTO "Deployment" (id, "jobId", name, "environmentId", status, image, tag, resources, "envVarNames", command, capabilities, "createdAt")
     SELECT 'd' || md5(random()::text || n), substr(md5(random()::text || n), 1, 16), 'web', $1, 'STOPPED', 'nginx', 'alpine',
       '{"cpus":1,"memoryMb":512,"pids":256}', '{}', '{}', '{}', now() - n * interval '1 second'
     FROM generate_series(1, $2::int) n`,
    [environmentId, count],
  );
  await platform.sql(
    `UPDATE "Deployment" SET "healthCheck" = '{"kind":"default","intervalSeconds":10,"timeoutSeconds":5,"retries":3,"startPeriodSeconds":60}' WHERE "environmentId" = $1`,
    [environmentId],
  );
  await platform.sql(
    `INSERT INTO "DeploymentStep" (id, "deploymentId", name, position, "endedAt")
     SELECT 's' || md5(random()::text || d.id || p), d.id, 'Step' || p, p, now() FROM "Deployment" d, generate_series(0, 5) p
     WHERE d."environmentId" = $1 AND NOT EXISTS (SELECT 1 FROM "DeploymentStep" s WHERE s."deploymentId" = d.id)`,
    [environmentId],
  );
  await platform.sql('ANALYZE', []);
}
