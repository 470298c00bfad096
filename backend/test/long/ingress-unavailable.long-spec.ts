import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

/** The sweep of the ingress runs once a minute. */
const MADE_AGAIN_MS = 150_000;
const site = new PublicPlatform();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start();
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, name: 'web', ...WEB_APPLICATION });
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

describe('a front that cannot be had', () => {
  it('must be told while another program has its port, keep nothing else from working, and come by itself', async () => {
    const other = await occupied();
    const { port } = other.address() as { port: number };
    await site.platform.restart({ INGRESS_HTTP_PORT: String(port) });
    await refusedWith(/port|address already in use/i);
    await client.run({ environmentId, name: 'second', ...WEB_APPLICATION });
    other.close();
    await eventually(async () => expect((await site.ingressHealth())?.['status']).toBe('up'), 60_000);
    site.httpPort = port;
    const domain = uniqueDomain('late');
    await site.publish(client, environmentId, { domain });
    await site.answers(domain, 200);
    await client.ok('DELETE', `/environments/${environmentId}/public`);
  });

  it('must be made again with all around it after an operator has removed it', async () => {
    const domain = uniqueDomain('removed');
    await site.publish(client, environmentId, { domain });
    await site.answers(domain, 200);
    const { docker } = site.engine;
    const filters = { label: ['berth.ingress'] };
    for (const { ID } of await docker.listServices({ filters })) await docker.getService(ID).remove();
    await eventually(async () => {
      for (const { ID } of await docker.listConfigs({ filters })) await docker.getConfig(ID).remove();
      await docker.getNetwork('berth_edge').remove();
    }, 60_000);
    await eventually(async () => expect(await site.engine.running('berth.ingress=front')).toBe(0), 60_000);
    await eventually(async () => expect((await site.http(domain)).status).toBe(200), MADE_AGAIN_MS);
    await client.ok('DELETE', `/environments/${environmentId}/public`);
  });

  it('must be told while its image cannot be pulled, and leave the one that serves', async () => {
    const domain = uniqueDomain('kept');
    await site.publish(client, environmentId, { domain });
    await site.answers(domain, 200);
    await site.platform.restart({ NGINX_IMAGE: 'no-such-nginx:1' });
    expect((await site.http(domain)).status).toBe(200);
    const { services } = { services: await site.engine.ingress() };
    expect(services).toContain('berth_front');
    await client.ok('DELETE', `/environments/${environmentId}/public`);
  });
});

/** The API says so in both places, and the environment stays private. */
async function refusedWith(reason: RegExp): Promise<void> {
  await eventually(async () => {
    const health = await site.ingressHealth();
    expect(health?.['status']).toBe('down');
    expect(String(health?.['message'])).toMatch(reason);
  }, 60_000);
  expect((await fetch(`${site.platform.baseUrl}/health`)).status).toBe(200);
  const refused = await client.request('POST', `/environments/${environmentId}/public`, {
    domain: uniqueDomain('refused'),
  });
  expect(refused).toMatchObject({ status: 503, body: { code: 'INGRESS_UNAVAILABLE' } });
  expect(refused.body.detail).toMatch(reason);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await client.environment(environmentId)).isPublic).toBe(false);
}

function occupied(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, '0.0.0.0', () => resolve(server)));
}
