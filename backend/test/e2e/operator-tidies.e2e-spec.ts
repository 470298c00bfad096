/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { scratchFolder } from '../scenario/archives.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

/** A check for drift, the age that a row must have for it, and the repair. */
const REPAIR_MS = 90_000;
const platform = new Platform();
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;
let network: string;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
  ({ id: environmentId, overlayNetworkId: network } = await client.createEnvironment());
});
afterAll(() => platform.stop());

describe('what an operator removes by hand', () => {
  it('must be made again for the next deployment: the network of an environment in which nothing ran', async () => {
    await engine.docker.getNetwork(network).remove();
    const command = sh(IDLE);
    await client.run({ environmentId, name: 'idle', image: 'busybox', command, releaseCommand: ['true'] });
    const { Labels } = (await engine.docker.getNetwork(network).inspect()) as { Labels: Record<string, string> };
    expect(Labels['berth.environment']).toBe(environmentId);
  });

  it('must be pulled again, by the same digest, when a task starts again: an image of a registry', async () => {
    const body = { environmentId, name: 'pulled', image: 'fetched-again', tag: '1' };
    const { id, imageDigest } = await client.run(body);
    const [before] = await engine.containersOf(id);
    await removeWithImage(id, 'fetched-again');
    await eventually(async () => {
      const [after] = await engine.containersOf(id);
      expect(after).toBeDefined();
      expect(after).not.toBe(before);
    }, 60_000);
    expect(await client.deployment(id)).toMatchObject({ status: 'RUNNING', imageDigest });
  });

  it('must be told with the next step, and served again by it: an image that was built here', async () => {
    const build = async (version: string) => {
      const content = await scratchFolder([{ name: 'version', content: version }]);
      const { uploadId } = await client.upload(content);
      return client.runFromUpload({ environmentId, name: 'built', uploadId, ports: [{ container: 8080 }] });
    };
    const first = await build('1');
    const second = await build('2');
    await client.expectDeployment(first.id, 'STOPPED', 30_000);
    await removeImagesOf(first.id);
    const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${second.id}/rollback`, {
      deploymentId: first.id,
    });
    const rolledBack = await client.settled(jobId);
    expect(rolledBack).toMatchObject({ status: 'FAILED', errorCode: 'IMAGE_NOT_FOUND' });
    expect(rolledBack.errorMessage).toContain('POST /deployments/from-upload');
    expect((await client.deployment(second.id)).status).toBe('RUNNING'); // what runs stays

    await removeServiceAndImage(second.id);
    await client.expectDeployment(second.id, 'FAILED', REPAIR_MS);
    expect(await client.deployment(second.id)).toMatchObject({
      errorCode: 'IMAGE_NOT_FOUND',
      errorMessage: expect.stringMatching(/was removed from the machine\. Upload the folder/) as string,
    });
    expect(await engine.servicesOf(second.id)).toEqual([]);
    const again = await client.ok<{ jobId: string }>('POST', `/deployments/${second.id}/redeploy`);
    expect((await client.settled(again.jobId, 120_000)).status).toBe('RUNNING');
  });
});

it('an image name with capitals must be told as such, and a dry run must end its sentences once', async () => {
  const capital = await client.request('POST', '/deployments', { environmentId, image: 'Busybox:1.36' });
  expect(capital.body.errors).toEqual([{ path: 'image', message: 'must be lower-case but for the tag: busybox:1.36' }]);
  const missing = await client.request('POST', '/deployments', {
    environmentId,
    dryRun: true,
    image: 'no-such-image',
  });
  expect(missing.body.detail).toMatch(/[^.]\.$/);
  const twice = await client.request('POST', '/deployments', {
    environmentId,
    dryRun: true,
    image: 'busybox:1.36',
    tag: '1.36',
  });
  expect(twice.status).toBe(200);
});

/** As `docker rm -f` and `docker image prune -a` in a row. */
async function removeWithImage(deploymentId: string, repository: string): Promise<void> {
  await eventually(async () => {
    await removeContainersOf(deploymentId);
    await engine.forgetImage(repository);
  }, 20_000);
}

/** As `docker service rm` and `docker image prune -a` in a row. */
async function removeServiceAndImage(deploymentId: string): Promise<void> {
  await eventually(async () => {
    const filters = { label: [`berth.deployment=${deploymentId}`] };
    for (const { ID } of await engine.docker.listServices({ filters })) await engine.docker.getService(ID).remove();
    await removeContainersOf(deploymentId);
    await removeImagesOf(deploymentId);
  }, 60_000);
}

async function removeContainersOf(deploymentId: string): Promise<void> {
  const filters = { label: [`berth.deployment=${deploymentId}`] };
  for (const { Id } of await engine.docker.listContainers({ all: true, filters }))
    await engine.docker.getContainer(Id).remove({ force: true });
}

async function removeImagesOf(deploymentId: string): Promise<void> {
  const filters = JSON.stringify({ label: [`berth.deployment=${deploymentId}`] });
  for (const { Id } of await engine.docker.listImages({ filters }))
    await engine.docker.getImage(Id).remove({ force: true });
}
