import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { eventually } from '../testbed/eventually.js';

describe('a client that knows only the original contract', () => {
  const platform = new Platform({ STABILITY_WINDOW_MS: '' }, { isBlank: true }); // as it is by default, on a new machine
  const engine = new EngineView();
  let client: ApiClient;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
  });
  afterAll(() => platform.stop());

  it('must get from an environment to a served page, its logs and a clean end', async () => {
    const created = await client.request<{ environment: { id: string; status: string; overlayNetworkId: string } }>(
      'POST',
      '/environments',
      { name: 'shop' },
    );
    expect(created.status).toBe(201);
    const { environment } = created.body;
    expect(environment).toMatchObject({ status: 'ACTIVE', name: 'shop', isPublic: false, publicDomain: null });
    expect(environment.overlayNetworkId).toMatch(/^overlay_env_shop_\d+$/);

    const accepted = await client.request<{ jobId: string; deploymentId: string; status: string }>(
      'POST',
      '/deployments',
      {
        environmentId: environment.id,
        image: 'nginx',
        tag: 'alpine',
        replicas: 1,
        ports: [{ container: 80, host: 18_080 }],
        envVars: { DEPLOYED_BY: 'x' },
      },
    );
    expect(accepted.status).toBe(201);
    expect(accepted.body).toMatchObject({ status: 'PENDING', jobId: expect.stringMatching(/^[\w-]{16}$/) as string });
    const { jobId, deploymentId } = accepted.body;
    expect(accepted.headers.get('location')).toBe(`${platform.baseUrl}/deployments/job/${jobId}`);

    const deployment = await client.settled(jobId);
    expect(deployment).toMatchObject({
      status: 'RUNNING',
      envVars: { DEPLOYED_BY: '***' },
      errorCode: null,
      errorMessage: null,
      image: 'nginx',
      tag: 'alpine',
    });
    expect(deployment.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const page = await fetch('http://127.0.0.1:18080/');
    expect(await page.text()).toContain('Welcome to nginx');
    await eventually(
      async () =>
        expect((await client.job(jobId)).containers).toMatchObject([
          { status: 'RUNNING', healthStatus: 'HEALTHY', restartCount: 0 },
        ]),
      5000,
    );

    // nginx writes it after its answer.
    await eventually(
      async () => expect(await client.logs(deploymentId)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z .*GET \/ /m),
      5000,
    );
    expect((await client.deployments(environment.id)).map(({ id }) => id)).toEqual([deploymentId]);

    const deleted = await client.request<{ message: string; environment: { status: string } }>(
      'DELETE',
      `/environments/${environment.id}`,
    );
    expect(deleted).toMatchObject({ status: 202, body: { environment: { status: 'DELETING' } } });
    await client.expectEnvironment(environment.id, 'DELETED', 60_000);
    expect(await engine.leftovers(environment.id)).toEqual([]);
    expect((await client.job(jobId)).status).toBe('STOPPED');
    expect((await client.request('DELETE', `/environments/${environment.id}`)).status).toBe(404);
  });

  it('must show the steps that it went through, in their order', { tags: 'long' }, async () => {
    const environment = await client.createEnvironment();
    const deployment = await client.run({ environmentId: environment.id, image: 'busybox', command: ['sleep', '600'] });
    expect(deployment.steps.map(({ name }) => name)).toEqual([
      'ResolveImage',
      'PullImage',
      'CreateVolumes',
      'StopPrevious',
      'StartService',
      'AwaitHealthy',
      'RetirePrevious',
    ]);
    await client.deleteEnvironment(environment.id);
  });
});
