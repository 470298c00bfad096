import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

/** Where inside the step the process dies: while the Engine has not yet heard, or has done it and could not say so. */
const INSIDE: [step: string, when: 'before' | 'after', method: string, path: RegExp][] = [
  ['ResolveImage', 'before', 'GET', /\/distribution\//],
  ['PullImage', 'before', 'POST', /\/images\/create/],
  ['PullImage', 'after', 'POST', /\/images\/create/],
  ['CreateVolumes', 'after', 'POST', /\/volumes\/create/],
  ['StartService', 'before', 'POST', /\/services\/create/],
  ['StartService', 'after', 'POST', /\/services\/create/],
  ['AwaitHealthy', 'before', 'GET', /\/tasks/],
  ['RetirePrevious', 'before', 'DELETE', /\/services\//],
  ['RetirePrevious', 'after', 'DELETE', /\/services\//],
];

const engine = new EngineView();

describe('kill -9 of the API inside a step', () => {
  const bed = new ProxiedPlatform();
  const { proxy, platform } = bed;
  let client: ApiClient;

  beforeAll(async () => {
    client = await bed.start();
  });
  afterAll(async () => {
    const environments = await platform.sql<{ id: string }>('SELECT id FROM "Environment"');
    await bed.stop();
    for (const { id } of environments) expect(await engine.leftovers(id)).toEqual([]);
  });

  it.each(INSIDE)(
    'must end in one RUNNING service under the same jobId: %s (%s %s)',
    async (_step, when, method, path) => {
      const { id: environmentId } = await client.createEnvironment();
      const pulls = path.source.includes('images');
      const body = {
        environmentId,
        name: 'web',
        image: pulls ? `fetched-${when}` : 'busybox',
        tag: pulls ? '1' : '1.36',
        command: sh(IDLE),
      };
      const previous = await client.run({ ...body, image: 'busybox', tag: '1.36' });
      if (pulls) await removeImage(body.image);

      const held = proxy.hold(when, method, path);
      const { jobId, deploymentId } = await client.deploy({
        ...body,
        volumes: [{ name: 'data', path: '/data', readOnly: true }],
      });
      await held.reached;
      await platform.kill9();
      held.release();
      await platform.start();

      const deployment = await client.settled(jobId);
      expect(deployment, deployment.errorMessage ?? '').toMatchObject({ status: 'RUNNING', id: deploymentId });
      await eventually(async () => {
        expect((await client.job(previous.jobId)).status).toBe('STOPPED');
        expect(await engine.servicesOf(previous.id)).toEqual([]);
      }, 60_000);
      expect(await engine.servicesOf(deploymentId)).toHaveLength(1);
    },
  );
});

/** From the engine, whatever its names there: the next deployment has to pull it. */
async function removeImage(repository: string): Promise<void> {
  for (const { Id, RepoTags, RepoDigests } of await engine.docker.listImages()) {
    const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])];
    if (names.some((name) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`)))
      await engine.docker.getImage(Id).remove({ force: true });
  }
}
