import type { Platform } from './platform.js';

/** Copies the row of a deployment with other values: more of them, or other texts, than a test could make by requests. */
export async function copyDeployment(
  platform: Platform,
  id: string,
  count: number,
  values: { name: string } & Record<string, string>,
): Promise<void> {
  await platform.sql(
    `INSERT INTO "Deployment" SELECT row.* FROM "Deployment" d, generate_series(1, $2::int) n, jsonb_populate_record(d,
       $3::jsonb || jsonb_build_object('id', 'copy' || md5(random()::text), 'jobId', left(md5(random()::text), 16),
       'name', ($3::jsonb ->> 'name') || n)) row WHERE d.id = $1`,
    [id, count, JSON.stringify(values)],
  );
}
