import type Docker from 'dockerode';
import { eventually } from '../testbed/eventually.js';

/** It outlives a platform, which tests do not want. */
export async function removeOwnRegistry(docker: Docker): Promise<void> {
  const filters = { label: ['berth.registry'] };
  for (const { ID } of await docker.listServices({ filters })) await docker.getService(ID).remove();
  await eventually(async () => {
    for (const { ID } of await docker.listConfigs({ filters })) await docker.getConfig(ID).remove();
    for (const { ID } of await docker.listSecrets({ filters })) await docker.getSecret(ID ?? '').remove();
    for (const name of ['berth_registry', 'berth_registry_socket'])
      await docker
        .getVolume(name)
        .remove()
        .catch((error: unknown) => {
          if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        });
    const network = docker.getNetwork('berth_registry');
    await network.remove().catch((error: unknown) => {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    });
  }, 30_000);
}
