import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import type { Held } from '../scenario/gates.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

const site = new PublicPlatform();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start();
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, name: 'web', ...WEB_APPLICATION });
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

/** One after the other, the process is killed where a call is held. The next call is held before the process is back: it may come at once. */
async function killedAt(holds: (() => Held)[], begin: () => Promise<unknown>): Promise<void> {
  let held = holds[0]?.();
  await begin();
  for (const next of [...holds.slice(1), undefined]) {
    await held?.reached;
    await site.platform.kill9();
    held?.release();
    held = next?.();
    await site.platform.start();
  }
}

const docker = (when: 'before' | 'after', method: string, path: RegExp) => () => site.docker.hold(when, method, path);
const acme = (when: 'before' | 'after', path: RegExp) => () => site.acmeProxy.hold(when, path);

describe('kill -9 of the API', () => {
  it('must not keep a site from being made public, with one edge and one certificate', async () => {
    const first = uniqueDomain('first');
    await killedAt(
      [
        docker('before', 'POST', /\/configs\/create/),
        docker('before', 'POST', /\/services\/create/),
        docker('after', 'POST', /\/services\/create/),
      ],
      () => site.publish(client, environmentId, { domain: first }),
    );
    await site.secured(client, environmentId);
    const orders = site.acmeProxy.countOfGranted(/order-plz/);
    const domain = uniqueDomain('killed');
    await killedAt(
      [
        acme('before', /order-plz/),
        acme('after', /order-plz/),
        acme('before', /chalZ/),
        acme('before', /finalize-order/),
        acme('after', /finalize-order/),
        docker('before', 'POST', /\/secrets\/create/),
        docker('after', 'POST', /\/services\/[^/]+\/update/),
      ],
      () => site.publish(client, environmentId, { domain }),
    );
    await site.free(first);
    await site.secured(client, environmentId);
    expect(await site.https(domain)).toMatchObject({ status: 200, body: 'hello\n' });
    // The one whose answer nobody heard, and the one that was gone on with.
    expect(site.acmeProxy.countOfGranted(/order-plz/) - orders).toBeLessThanOrEqual(3);
    const kept = await site.engine.ingress();
    expect(kept.filter((name) => name.startsWith('berth_edge_'))).toHaveLength(1);
    expect(kept.filter((name) => /^berth_(key|certificate)_/.test(name))).toHaveLength(2);
    expect(kept.filter((name) => name.startsWith('berth_nginx_'))).toHaveLength(2);
  });

  it('must not keep a site from moving, nor from being removed, and leave nothing of it', async () => {
    const before = (await client.environment(environmentId)).publicDomain ?? '';
    const domain = uniqueDomain('moved');
    await killedAt([docker('before', 'DELETE', /\/services\//), docker('before', 'DELETE', /\/secrets\//)], () =>
      site.publish(client, environmentId, { domain }),
    );
    await site.free(before);
    await site.secured(client, environmentId);

    await killedAt([docker('after', 'DELETE', /\/services\//), docker('after', 'DELETE', /\/secrets\//)], () =>
      client.ok('DELETE', `/environments/${environmentId}/public`),
    );
    await site.free(domain);
    await eventually(async () => {
      const kept = await site.engine.ingress();
      expect(kept.filter((name) => !/^berth_(front|nginx_.*|edge)$/.test(name))).toEqual([]);
    }, 20_000);
  });
});
