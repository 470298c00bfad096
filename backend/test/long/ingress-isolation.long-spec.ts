import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

const PLATFORM_NAME = uniqueDomain('platform');

const site = new PublicPlatform();
let client: ApiClient;
let victim: Environment;

beforeAll(async () => {
  client = await site.start({ PUBLIC_BASE_URL: `https://${PLATFORM_NAME}` });
  victim = await client.createEnvironment();
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

describe("names that are nobody's", () => {
  it('must find a page in HTTP, and no handshake in TLS', async () => {
    for (const name of [
      uniqueDomain('nobody'),
      '127.0.0.1',
      'localhost',
      'berth_front',
      'berth-edge',
      'a.example.com.edge',
    ]) {
      const visit = await site.http(name);
      expect([name, visit.status]).toEqual([name, 404]);
      expect(visit.body).toContain('There is no site under this name');
      await expect(site.tls(name)).rejects.toThrow();
    }
  });

  it.each([
    '',
    ' ',
    'localhost',
    'example',
    '*.example.com',
    '127.0.0.1',
    '0x7f.1',
    '::1',
    'a b.example.com',
    'a.example.com:80',
    'http://a.example.com',
    'a.example.com/',
    'a.example.com; return 200',
    'a.example.com;}',
    '{a}.example.com',
    '$host.example.com',
    '../../etc',
    'a\n.example.com',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}example.com`,
    PLATFORM_NAME,
  ])('must be refused, and leave the engine as it was: %j', async (name) => {
    const before = await site.engine.ingress();
    const answer = await client.request('POST', `/environments/${victim.id}/public`, { domain: name });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_DOMAIN', errors: [{ path: 'domain' }] } });
    expect(await site.engine.ingress()).toEqual(before);
  });
});

describe("the platform's own name", () => {
  it("must lead to the API in HTTPS only, with the visitor's address, and no other name must", async () => {
    await eventually(async () => expect((await site.https(PLATFORM_NAME)).status).toBe(200), 60_000);
    const headers = { 'x-api-key': client.apiKey };
    expect((await site.https(PLATFORM_NAME, { path: '/auth/me', headers })).status).toBe(200);
    expect((await site.http(PLATFORM_NAME, { path: '/auth/me', headers })).status).toBe(301);
    const socket = await site.tls(PLATFORM_NAME);
    socket.write('GET /health/live HTTP/1.1\r\nHost: other.example.com\r\nConnection: close\r\n\r\n');
    const answer = await new Promise<string>((resolve) => socket.once('data', (data: Buffer) => resolve(String(data))));
    expect(answer).toContain(' 421 ');
    socket.destroy();
  });
});

describe("from inside a tenant's container", () => {
  it("must reach neither other environments, nor the front's network, nor the API", async () => {
    await client.run({ environmentId: victim.id, name: 'hidden', ...WEB_APPLICATION, envVars: { SAYS: 'hidden' } });
    const tenant = await site.platform.client('3');
    const { id } = await tenant.createEnvironment();
    const own = uniqueDomain('tenant');
    const inside = await tenant.run({
      environmentId: id,
      name: 'shell',
      ...WEB_APPLICATION,
      envVars: { SAYS: 'mine' },
    });
    await site.publish(tenant, id, { domain: own });
    await site.answers(own, 200);
    const edges = await site.engine.addresses('berth_edge');
    const names = ['hidden', 'berth_front', 'front', `${own}.edge`, `${PLATFORM_NAME}.edge`, ...edges];
    const script = `
      const http = require('node:http');
      const ask = (host, port, headers, path) => new Promise((done) => {
        const request = http.request({ host, port, path, headers, timeout: 1500 }, (answer) => {
          let body = '';
          answer.on('data', (data) => (body += data)).on('end', () => done(answer.statusCode + ' ' + body.slice(0, 40)));
        });
        request.on('timeout', () => request.destroy()).on('error', () => done('')).end();
      });
      (async () => {
        // Whatever the machine's own network answers for addresses that nobody has.
        const nobody = await ask('10.255.255.254', 80, { Host: 'hidden' }, '/');
        for (const name of ${JSON.stringify(names)}) for (const port of [80, 443, 3000, 8080, 8443]) {
          const answer = await ask(name, port, { Host: 'hidden' }, '/');
          if (answer && answer !== nobody) console.log(name + ':' + port + ' ' + answer);
        }
      })();`;
    const { output } = await site.engine.exec(inside.id, 'node', '-e', script);
    expect(output.trim()).toBe('');
    await tenant.deleteEnvironment(id);
  });

  it('must not be led elsewhere by an edge, however a request is written', async () => {
    const lines = [
      'GET http://hidden:8080/ HTTP/1.1\r\nHost: DOMAIN',
      'GET / HTTP/1.1\r\nHost: hidden',
      'GET / HTTP/1.1\r\nHost: DOMAIN\r\nHost: hidden',
      'GET / HTTP/1.0',
      'CONNECT hidden:8080 HTTP/1.1\r\nHost: hidden:8080',
      'POST / HTTP/1.1\r\nHost: DOMAIN\r\nContent-Length: 5\r\nTransfer-Encoding: chunked',
      'POST / HTTP/1.1\r\nHost: DOMAIN\r\nContent-Length: 5\r\nContent-Length: 6',
      'GET / HTTP/1.1\r\nHost: DOMAIN\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    ];
    const { id } = await client.createEnvironment();
    const own = uniqueDomain('raw');
    await client.run({ environmentId: id, name: 'web', ...WEB_APPLICATION, envVars: { SAYS: 'mine' } });
    await site.publish(client, id, { domain: own });
    await site.secured(client, id);
    for (const line of lines) {
      const socket = await site.tls(own);
      socket.write(`${line.replaceAll('DOMAIN', own)}\r\nConnection: close\r\n\r\n`);
      const answer = await text(socket);
      expect([line, answer]).toEqual([line, expect.stringMatching(/^HTTP\/1\.1 (200|4\d\d|30\d)[^]*$/)]);
      expect([line, /101 |hidden\n/.test(answer)]).toEqual([line, false]);
    }
    for (const port of [site.httpPort, site.httpsPort]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(`PROXY TCP4 6.6.6.6 7.7.7.7 1 2\r\nGET /headers HTTP/1.1\r\nHost: ${own}\r\n\r\n`);
      expect(await text(socket)).not.toContain('6.6.6.6');
    }
    await client.deleteEnvironment(id);
  });
});

function text(socket: NodeJS.ReadWriteStream & { destroy(): void }): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const done = () => {
      socket.destroy();
      resolve(received);
    };
    socket
      .on('data', (data: Buffer) => (received += String(data)))
      .on('end', done)
      .on('close', done)
      .on('error', done);
  });
}
