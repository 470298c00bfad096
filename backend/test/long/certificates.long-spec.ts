import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

/** Where Pebble takes new orders. */
const ORDERS = /order-plz/;

const site = new PublicPlatform();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start();
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, name: 'web', ...WEB_APPLICATION });
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

interface Trouble {
  says: RegExp;
  /** milliseconds until the next try, at least */
  waitsMs: number;
}

/** The certificate tells what went wrong and when it is tried again; meanwhile the site serves plain HTTP. */
async function told(domain: string, { says, waitsMs }: Trouble): Promise<void> {
  const begin = Date.now();
  await eventually(async () => {
    const { certificate } = await client.environment(environmentId);
    expect(certificate).toMatchObject({ status: 'FAILED', notAfter: null });
    expect(certificate?.lastError).toMatch(says);
    const next = new Date(certificate?.nextAttemptAt ?? 0).getTime();
    expect(next).toBeGreaterThan(begin + waitsMs);
  }, 40_000);
  await site.answers(domain, 200);
}

const publish = (domain: string) => site.publish(client, environmentId, { domain });

describe('a certificate that cannot be had', () => {
  it('must wait for the name to lead here, without asking the ACME server', async () => {
    const [nowhere, elsewhere] = [uniqueDomain('nowhere'), uniqueDomain('elsewhere')];
    await site.acme.point(nowhere, []);
    await site.acme.point(elsewhere, ['203.0.113.7']);
    const before = site.acmeProxy.countOf(ORDERS);
    await publish(elsewhere);
    await told(elsewhere, { says: /points to 203\.0\.113\.7, which is not this machine/, waitsMs: 40_000 });
    await publish(nowhere);
    await told(nowhere, { says: /cannot be resolved|no A or AAAA record/, waitsMs: 40_000 });
    expect(site.acmeProxy.countOf(ORDERS)).toBe(before);
    await site.acme.pointHere(nowhere);
    await publish(nowhere);
    await site.secured(client, environmentId);
  });

  it('must say that the ACME server is away, and wait as long as it asks for', async () => {
    const domain = uniqueDomain('limited');
    site.acmeProxy.away = true;
    await publish(domain);
    await told(domain, { says: /does not answer/, waitsMs: 40_000 });
    site.acmeProxy.away = false;

    const body = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates already issued' };
    const allow = site.acmeProxy.refuse({ path: ORDERS, status: 429, headers: { 'retry-after': '7200' }, body });
    await publish(domain);
    await told(domain, { says: /rate limit is reached.*too many certificates/, waitsMs: 7_000_000 });
    const tries = site.acmeProxy.countOf(ORDERS);
    allow();
    await publish(domain);
    await publish(domain);
    await site.settled(domain);
    await told(domain, { says: /rate limit is reached/, waitsMs: 7_000_000 });
    expect(site.acmeProxy.countOf(ORDERS)).toBe(tries);
  });

  it('must say why the name was not validated, and not try again at once', async () => {
    const domain = uniqueDomain('invalid');
    const ordering = site.acmeProxy.hold('before', ORDERS);
    await publish(domain);
    await ordering.reached;
    await site.acme.point(domain, ['203.0.113.7']);
    ordering.release();
    await told(domain, { says: /not validated: .+/, waitsMs: 200_000 });
    const tries = site.acmeProxy.countOf(ORDERS);
    await site.acme.pointHere(domain);
    await publish(domain);
    await site.settled(domain);
    await told(domain, { says: /not validated/, waitsMs: 200_000 });
    expect(site.acmeProxy.countOf(ORDERS)).toBe(tries);
  });
});

describe('a certificate that is there', () => {
  it('must be kept while it cannot be renewed, and be replaced without a failed request when it can', async () => {
    const domain = uniqueDomain('renewed');
    await publish(domain);
    await site.secured(client, environmentId);
    const first = await serialOf(domain);
    const orders = site.acmeProxy.countOf(ORDERS);

    // The server would like to see it renewed yesterday, and is away.
    await site.acme.wantRenewal(
      await pemOf(domain),
      new Date(Date.now() - 172_800_000),
      new Date(Date.now() - 86_400_000),
    );
    const refused = { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'come back later' };
    const allow = site.acmeProxy.refuse({ path: ORDERS, status: 503, headers: {}, body: refused });
    await publish(domain);
    await eventually(async () => {
      const { certificate } = await client.environment(environmentId);
      expect(certificate).toMatchObject({
        status: 'ISSUED',
        lastError: expect.stringMatching(/come back later/) as string,
      });
    }, 20_000);
    expect(await serialOf(domain)).toBe(first);
    allow();

    let failed = 0;
    let visits = 0;
    let renewed = false;
    const visitor = async () => {
      while (!renewed) {
        visits += 1;
        failed += await site.https(domain).then(
          ({ status }) => Number(status !== 200),
          () => 1,
        );
      }
    };
    const visitors = [visitor(), visitor()];
    // The failure makes it wait: as if that time had passed.
    await site.platform.sql(
      'UPDATE "CertificateOrder" SET "orderedAt" = now() - interval \'1 hour\' WHERE domain = $1',
      [domain],
    );
    await publish(domain);
    await eventually(async () => expect(await serialOf(domain)).not.toBe(first), 30_000);
    await site.settled(domain);
    renewed = true;
    await Promise.all(visitors);
    expect(visits).toBeGreaterThan(20);
    expect(failed).toBe(0);
    expect(site.acmeProxy.countOf(ORDERS)).toBe(orders + 2);
    expect(await client.environment(environmentId)).toMatchObject({
      certificate: { status: 'ISSUED', lastError: null },
    });
  });

  it('must have its key in no answer and no log, and encrypted in the database', async () => {
    const { publicDomain } = await client.environment(environmentId);
    const answer = await client.request('GET', `/environments/${environmentId}`);
    for (const text of [JSON.stringify(answer.body), site.platform.logs, await site.platform.dump()])
      expect(text).not.toContain('PRIVATE KEY');
    const [row] = await site.platform.sql<{ privateKey: string }>(
      'SELECT "privateKey" FROM "Certificate" WHERE domain = $1',
      [publicDomain],
    );
    expect(row?.privateKey).toMatch(/^v1\./);
  });
});

async function serialOf(domain: string): Promise<string> {
  const socket = await site.tls(domain);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

async function pemOf(domain: string): Promise<string> {
  const socket = await site.tls(domain);
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}
