import { expect } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import type { EngineView } from './engine-view.js';
import type { Platform } from './platform.js';

/** What the engine keeps of an environment is what its rows say: no service, network or volume more or less. */
export async function engineMatchesRows(platform: Platform, engine: EngineView, environmentId: string): Promise<void> {
  await eventually(async () => {
    const rows = await platform.sql<{ name: string }>(
      `SELECT DISTINCT 'service ' || c.name AS name FROM "Container" c JOIN "Deployment" d ON d.id = c."deploymentId" WHERE d."environmentId" = $1 AND d.status = 'RUNNING'
       UNION SELECT 'network ' || "overlayNetworkId" FROM "Environment" WHERE id = $1 AND status <> 'DELETED'
       UNION SELECT 'volume berth_' || d."environmentId" || '_' || (v->>'name') FROM "Deployment" d, jsonb_array_elements(d.volumes) v WHERE d."environmentId" = $1 AND d.status IN ('RUNNING', 'STOPPED')`,
      [environmentId],
    );
    // Containers follow their services, and edges their sites.
    const kept = (await engine.leftovers(environmentId)).filter(
      (name) => !/^(container |service berth_edge_)/.test(name),
    );
    expect(kept.sort()).toEqual(rows.map(({ name }) => name).sort());
  }, 60_000);
}
