/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDeployments, addEnvironments } from '../../bench/rows.js';
import type { ApiClient } from '../scenario/api-client.js';
import { Platform } from '../scenario/platform.js';

const COUNT = 1000;
const PAGE = 37;

describe('paging', () => {
  const platform = new Platform();
  let client: ApiClient;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
  });
  afterAll(async () => {
    await platform.sql(`UPDATE "Environment" SET status = 'DELETED'`);
    await platform.stop();
  });

  /** Reads every page; between two pages others come in front, and of those that are read and unread some go. */
  async function readAll(
    list: (cursor: string) => Promise<{ ids: string[]; nextCursor: string | null }>,
    disturb: (page: number) => Promise<string[]>,
  ): Promise<{ seen: string[]; gone: Set<string> }> {
    const seen: string[] = [];
    const gone = new Set<string>();
    let cursor = '';
    for (let page = 0; page < 100; page++) {
      const { ids, nextCursor } = await list(cursor);
      seen.push(...ids);
      if (nextCursor === null) return { seen, gone };
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
      for (const id of await disturb(page)) gone.add(id);
    }
    throw new Error('it does not end');
  }

  it('must give every environment once while others come and go, also those of one millisecond', async () => {
    await addEnvironments(platform, '1', COUNT);
    await platform.sql(`UPDATE "Environment" SET "createdAt" = date_trunc('minute', "createdAt")`);
    const initial = await ids('"Environment"');
    const { seen, gone } = await readAll(
      async (cursor) => {
        const page = await client.ok<{ environments: { id: string }[]; nextCursor: string | null }>(
          'GET',
          `/environments?limit=${PAGE}${cursor}`,
        );
        return { ids: page.environments.map(({ id }) => id), nextCursor: page.nextCursor };
      },
      async (page) => {
        await platform.sql(
          `INSERT INTO "Environment" (id, name, "overlayNetworkId", status, "userId", "createdAt")
           SELECT 'n' || md5(random()::text), 'new-' || $1, 'new_' || md5(random()::text), 'ACTIVE', id, now() FROM "User" WHERE "telegramId" = '1'`,
          [page],
        );
        const rows = await platform.sql<{ id: string }>(
          `UPDATE "Environment" SET status = 'DELETED' WHERE id IN (SELECT id FROM "Environment" WHERE status = 'ACTIVE' ORDER BY random() LIMIT 5) RETURNING id`,
        );
        return rows.map(({ id }) => id);
      },
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(initial.filter((id) => !gone.has(id) && !seen.includes(id))).toEqual([]);
  });

  it('must give every deployment once while others come and go', async () => {
    await addEnvironments(platform, '1', 1);
    const [environment] = await platform.sql<{ id: string }>(
      `SELECT id FROM "Environment" WHERE status = 'ACTIVE' ORDER BY "createdAt" DESC LIMIT 1`,
    );
    const environmentId = environment?.id ?? '';
    await addDeployments(platform, environmentId, COUNT);
    await platform.sql(`UPDATE "Deployment" SET "createdAt" = date_trunc('minute', "createdAt")`);
    const initial = await ids('"Deployment"');
    const { seen, gone } = await readAll(
      async (cursor) => {
        const page = await client.ok<{ deployments: { id: string }[]; nextCursor: string | null }>(
          'GET',
          `/deployments/environment/${environmentId}?limit=${PAGE}${cursor}`,
        );
        return { ids: page.deployments.map(({ id }) => id), nextCursor: page.nextCursor };
      },
      async () => {
        await platform.sql(
          `INSERT INTO "Deployment" (id, "jobId", name, "environmentId", status, image, tag, resources, "healthCheck", "createdAt")
           SELECT 'n' || md5(random()::text), substr(md5(random()::text), 1, 16), 'new', $1, 'STOPPED', 'nginx', '', resources, "healthCheck", now()
           FROM "Deployment" LIMIT 3`,
          [environmentId],
        );
        const rows = await platform.sql<{ id: string }>(
          `DELETE FROM "Deployment" WHERE id IN (SELECT id FROM "Deployment" ORDER BY random() LIMIT 5) RETURNING id`,
        );
        return rows.map(({ id }) => id);
      },
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(initial.filter((id) => !gone.has(id) && !seen.includes(id))).toEqual([]);
  });

  async function ids(table: string): Promise<string[]> {
    return (await platform.sql<{ id: string }>(`SELECT id FROM ${table}`)).map(({ id }) => id);
  }
});
