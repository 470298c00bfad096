import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import type { Visit } from '../scenario/visit.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

const site = new PublicPlatform();
let client: ApiClient;
let shop: Environment;
const domain = uniqueDomain('shop');

beforeAll(async () => {
  client = await site.start();
  shop = await client.createEnvironment();
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

describe('a public environment', () => {
  it('must answer 503 with a page while nothing runs, and in HTTP as soon as something does', async () => {
    const published = await site.publish(client, shop.id, { domain: domain.toUpperCase() });
    expect(published).toMatchObject({ isPublic: true, publicDomain: domain, certificate: { status: 'PENDING' } });
    await site.answers(domain, 503);
    expect((await site.http(domain)).body).toContain('Nothing runs here yet');
    await client.run({ environmentId: shop.id, name: 'web', ...WEB_APPLICATION });
    await eventually(async () => expect([200, 301]).toContain((await site.http(domain)).status), 30_000);
  });

  it('must be served with a certificate that its visitors can verify, and plain HTTP must lead there', async () => {
    await site.secured(client, shop.id);
    const { certificate } = await client.environment(shop.id);
    expect(certificate).toMatchObject({ status: 'ISSUED', lastError: null });
    expect(certificate?.issuer).toContain('Pebble');
    expect(new Date(certificate?.nextAttemptAt ?? 0).getTime()).toBeLessThan(Date.parse(String(certificate?.notAfter)));
    const visit = await eventually(async () => {
      const page = await site.https(domain);
      expect(page).toMatchObject({ status: 200, body: 'hello\n' });
      return page;
    }, 30_000);
    expect(visit.headers['strict-transport-security']).toMatch(/max-age=\d{8}/);
    await site.answers(domain, 301);
    expect((await site.http(domain, { path: '/a?b=c' })).headers.location).toBe(
      `https://${domain}:${site.httpsPort}/a?b=c`,
    );
  });

  it('must offer HTTP/2 and TLS 1.2, and nothing older', async () => {
    const socket = await site.tls(domain, { alpn: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('h2');
    const session = connectHttp2(`https://${domain}`, { createConnection: () => socket });
    const stream = session.request({ ':path': '/', ':authority': domain });
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    expect(headers[':status']).toBe(200);
    session.destroy();
    const older = await site.tls(domain, { maxVersion: 'TLSv1.2' });
    expect(older.getProtocol()).toBe('TLSv1.2');
    older.destroy();
    await expect(site.tls(domain, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  it('must tell the application who asks, whatever the visitor claims', async () => {
    const claims = {
      'x-forwarded-for': '6.6.6.6',
      'x-real-ip': '6.6.6.6',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example.com',
      proxy: 'http://evil.example.com',
    };
    const { body } = await site.https(domain, { path: '/headers', headers: claims });
    const seen = JSON.parse(body) as Record<string, string>;
    expect(seen).toMatchObject({
      host: `${domain}:${site.httpsPort}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': `${domain}:${site.httpsPort}`,
    });
    expect(seen['x-forwarded-for']).toBe(seen['x-real-ip']);
    expect(body).not.toMatch(/6\.6\.6\.6|evil/);
  });

  it('must pass names with underscores and headers of 32 KiB, and 103 to clients of HTTP/2', async () => {
    await expectHeadersPass((options) => site.https(domain, options));
    const socket = await site.tls(domain, { alpn: ['h2'] });
    const session = connectHttp2(`https://${domain}`, { createConnection: () => socket });
    const stream = session.request({ ':path': '/early', ':authority': domain });
    const interim = await new Promise<Record<string, unknown>>((resolve) => stream.once('headers', resolve));
    expect(interim).toMatchObject({ ':status': 103, link: '</a.css>; rel=preload' });
    session.destroy();
  });

  it('must compress text, and pass on what the application itself says of an error', async () => {
    const text = await site.https(domain, { path: '/text', headers: { 'accept-encoding': 'gzip' } });
    expect(text.headers['content-encoding']).toBe('gzip');
    expect(await site.https(domain, { path: '/bad-gateway' })).toMatchObject({ status: 502, body: 'my own 502' });
  });

  it('must pass WebSocket frames in both directions', async () => {
    const socket = await site.tls(domain);
    const frame = Buffer.concat([
      Buffer.of(0x81, 0x85, 1, 2, 3, 4),
      Buffer.from('hello').map((b, i) => b ^ ((i % 4) + 1)),
    ]);
    socket.write(
      `GET /socket HTTP/1.1\r\nHost: ${domain}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
    await eventually(() => expect(received).toContain('101 Switching Protocols'), 10_000);
    expect(received).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    socket.write(frame);
    await eventually(() => expect(received).toContain('\x81\x05hello'), 10_000);
    socket.destroy();
  });

  it('must pass events as they come, and bodies of any size through memory that stays as it is', async () => {
    const begin = Date.now();
    const socket = await site.tls(domain);
    socket.write(`GET /events HTTP/1.1\r\nHost: ${domain}\r\nConnection: close\r\n\r\n`);
    const firstAfter = await new Promise<number>((resolve) => {
      let text = '';
      socket.on('data', (data: Buffer) => {
        text += String(data);
        if (text.includes('first')) resolve(Date.now() - begin);
      });
    });
    expect(firstAfter).toBeLessThan(2500); // the application ends after 3 s
    socket.destroy();

    const bytes = 64 * 1024 * 1024;
    const down = await site.https(domain, { path: `/download?bytes=${bytes}` });
    expect(down.body.length).toBe(bytes);
    const up = await site.https(domain, { path: '/upload', method: 'POST', body: 'y'.repeat(bytes) });
    expect(up.body).toBe(String(bytes));
    expect(await site.engine.memoryOf('berth_edge_')).toBeLessThan(30 * 1024 * 1024);
  });

  it('must follow later releases of the same name, and nothing else that runs beside it', async () => {
    await client.run({ environmentId: shop.id, name: 'other', ...WEB_APPLICATION, envVars: { SAYS: 'other' } });
    await site.publish(client, shop.id, { domain });
    let failed = 0;
    let stop = false;
    const visitor = (async () => {
      while (!stop)
        failed += await site.https(domain).then(
          ({ status }) => Number(status !== 200),
          () => 1,
        );
    })();
    await client.run({ environmentId: shop.id, name: 'web', ...WEB_APPLICATION, envVars: { SAYS: 'second' } });
    await site.expectServing(domain, 'second\n', 30_000);
    stop = true;
    await visitor;
    expect(failed).toBe(0);
    const pinned = (await client.deployments(shop.id)).find(({ name }) => name === 'other');
    await site.publish(client, shop.id, { domain, deploymentId: pinned?.id, port: 8080 });
    await site.expectServing(domain, 'other\n', 30_000);
    await site.settled(domain);
  });
});

describe('the name of a public environment', { tags: 'long' }, () => {
  beforeAll(async () => {
    if (!(await client.environment(shop.id)).isPublic) {
      await site.publish(client, shop.id, { domain });
      await client.run({ environmentId: shop.id, name: 'web', ...WEB_APPLICATION });
    }
    await site.secured(client, shop.id);
    await site.answers(domain, 301);
  });

  it('must keep the old name until the new one answers, and then give it back', async () => {
    const next = uniqueDomain('moved');
    await site.acme.point(next, ['203.0.113.7']);
    expect(await site.publish(client, shop.id, { domain: next })).toMatchObject({ publicDomain: next });
    await site.answers(next, 200);
    await expectHeadersPass((options) => site.http(next, options)); // no certificate yet: through the front's HTTP
    await eventually(async () => {
      expect((await client.environment(shop.id)).certificate).toMatchObject({ status: 'FAILED' });
    }, 20_000);
    expect((await site.https(domain)).status).toBe(200); // the new name leads elsewhere still

    await site.acme.pointHere(next);
    await site.publish(client, shop.id, { domain: next });
    await site.secured(client, shop.id);
    await site.free(domain);
    await site.answers(domain, 404);
    await expect(site.https(domain)).rejects.toThrow();
    await site.publish(client, shop.id, { domain });
    await site.secured(client, shop.id);
  });

  it('must hold its name against others, and free it when it is taken off the internet', async () => {
    const stranger = await site.platform.client('2');
    const { id } = await stranger.createEnvironment();
    const taken = { status: 409, body: { code: 'DOMAIN_TAKEN' } };
    const refused = await stranger.request('POST', `/environments/${id}/public`, { domain });
    expect(refused).toMatchObject(taken);
    expect(JSON.stringify(refused.body)).not.toContain(shop.id);
    const body = { environmentId: id, ...WEB_APPLICATION, virtualHost: domain };
    expect(await stranger.request('POST', '/deployments', body)).toMatchObject(taken);

    const withdrawn = await client.ok<{ environment: Environment }>('DELETE', `/environments/${shop.id}/public`);
    expect(withdrawn.environment).toMatchObject({ isPublic: false, publicDomain: null, certificate: null });
    await site.free(domain);
    await site.publish(stranger, id, { domain });
    await site.answers(domain, 503);
    await stranger.deleteEnvironment(id);
    expect(await site.engine.leftovers(id)).toEqual([]);
    await site.answers(domain, 404);
  });

  it('must be what a deployment makes of it with virtualHost and virtualPort', async () => {
    const host = uniqueDomain('virtual');
    const { id: environmentId } = await client.createEnvironment();
    const body = { environmentId, ...WEB_APPLICATION, name: 'web', ports: [], virtualHost: host, virtualPort: '8080' };
    await client.run(body);
    await eventually(async () => expect((await client.environment(environmentId)).publicDomain).toBe(host), 10_000);
    await eventually(async () => expect([200, 301]).toContain((await site.http(host)).status), 30_000);
    const limited = await site.platform.client('1', 'DEPLOYMENTS_WRITE');
    expect(await limited.request('POST', '/deployments', body)).toMatchObject({
      status: 403,
      body: { code: 'INSUFFICIENT_SCOPE', required: ['ENVIRONMENTS_WRITE'] },
    });
    await client.deleteEnvironment(environmentId);
  });
});

/** The application's view of a request with large headers, and its answer. */
async function expectHeadersPass(
  ask: (options: { path: string; headers?: Record<string, string> }) => Promise<Visit>,
): Promise<void> {
  const bytes = 32 * 1024;
  const cookie = 'c'.repeat(bytes);
  const seen = JSON.parse((await ask({ path: '/headers', headers: { api_key: 'x', cookie } })).body) as object;
  expect(seen).toMatchObject({ api_key: 'x', cookie });
  const { status, headers } = await ask({ path: `/large-header?bytes=${bytes}` });
  expect([status, headers['x-large']?.length]).toEqual([200, bytes]);
}
