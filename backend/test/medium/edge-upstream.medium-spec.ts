/** An edge's nginx in a network of the engine's; the application is a server in this process. */
import type { Container, Network } from 'dockerode';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { dnsAnswer } from '../scenario/dns-answer.js';
import { EngineView } from '../scenario/engine-view.js';
import { visit, type Visit } from '../scenario/visit.js';
import { eventually } from '../testbed/eventually.js';

const DOMAIN = 'shop.example.com';
const EDGE_IMAGE = 'nginx:1.30-alpine';
/** What the proxy of many servers of Python is: a connection that is idle for so long is closed. */
const IDLE_MS = 2000;
const ROUNDS = 8;
const AT_ONCE = 12;
const KIB = 1024;

const engine = new EngineView();
const dns = createSocket('udp4');
const application = createServer({ maxHeaderSize: 64 * KIB, keepAliveTimeout: IDLE_MS }, (incoming, response) => {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://application');
  if (pathname === '/hang-up') return void incoming.socket.destroy();
  if (pathname === '/headers') return void response.end(JSON.stringify(incoming.headers));
  if (pathname === '/large') response.setHeader('x-large', 'x'.repeat(Number(searchParams.get('bytes'))));
  incoming.resume().on('end', () => response.end('done'));
});
application.keepAliveTimeoutBuffer = 0;
let network: Network;
let gateway: string;
let edge: Container;
let address: string;

beforeAll(async () => {
  await engine.pull(EDGE_IMAGE);
  network = await engine.docker.createNetwork({ Name: `edge-upstream-${process.pid}-${Date.now()}` });
  const { IPAM } = (await network.inspect()) as { IPAM: { Config: { Gateway: string }[] } };
  gateway = IPAM.Config[0]?.Gateway ?? '';
  dns.on('message', (query, { port, address: asker }) => dns.send(dnsAnswer(query, gateway), port, asker));
  await once(dns.bind(0, gateway), 'listening');
  await once(application.listen(0, gateway), 'listening');
  ({ edge, address } = await startEdge((application.address() as AddressInfo).port));
  // nginx looks for the application's address for both ways to it.
  for (const method of ['GET', 'POST'])
    await eventually(async () => expect((await ask('/', { method })).status).toBe(200), 20_000);
});

afterAll(async () => {
  dns.close();
  application.closeAllConnections();
  application.close();
  await edge.remove({ force: true });
  await network.remove();
});

it('an application that closes idle connections must cost no request, whatever its method', async () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const failed: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const answers = Array.from({ length: AT_ONCE }, async (_, index) => {
      const method = methods[index % methods.length] ?? '';
      const { status } = await ask('/', { method, body: /^P/.test(method) ? 'text' : undefined });
      if (status !== 200) failed.push(`${method} ${status}`);
    });
    await Promise.all(answers);
    // The next requests come at the moment when the application closes the connections of these.
    await delay(IDLE_MS - 6 + round * 1.5);
  }
  expect(failed).toEqual([]);
}, 60_000);

it('names with underscores must arrive, but none that a server could take for what only the edge says', async () => {
  const { body } = await ask('/headers', {
    headers: {
      api_key: 'kept',
      x_forwarded_for: '6.6.6.6',
      'X-Forwarded_Proto': 'https',
      X_Real_IP: '6.6.6.6',
      Content_Length: '7',
    },
  });
  const names = Object.keys(JSON.parse(body) as object).filter((name) => name.includes('_'));
  expect(names).toEqual(['api_key']);
  expect(body).not.toContain('6.6.6.6');
});

it('headers of 32 KiB must pass in both directions', async () => {
  const { status, headers } = await ask(`/large?bytes=${32 * KIB}`);
  expect([status, headers['x-large']?.length]).toEqual([200, 32 * KIB]);
  const { body } = await ask('/headers', { headers: { cookie: `session=${'c'.repeat(32 * KIB)}` } });
  expect((JSON.parse(body) as { cookie: string }).cookie).toHaveLength(32 * KIB + 'session='.length);
});

it('the reason of a 502 must be in the log, also of an application that speaks HTTP/2 only', async () => {
  expect((await ask(`/large?bytes=${64 * KIB}`)).status).toBe(502);
  expect((await ask('/hang-up', { method: 'POST', body: 'text' })).status).toBe(502);
  await eventually(async () => {
    const lines = await logOf(edge);
    expect(lines).toContain('upstream sent too big header');
    expect(lines).toContain('upstream prematurely closed connection');
    expect(lines).toMatch(/"path":"\/hang-up",.*"status":502.*"upstreamStatus":"502"/);
  }, 10_000);

  const modern = createHttp2Server().on('error', () => undefined);
  await once(modern.listen(0, gateway), 'listening');
  const other = await startEdge((modern.address() as AddressInfo).port);
  await eventually(async () => {
    const sent = request({ host: other.address, port: 8080, headers: { host: DOMAIN }, agent: false });
    await visit(sent, undefined).catch(() => undefined); // no HTTP/1.1 comes back
    expect(await logOf(other.edge)).toContain('upstream sent no valid HTTP/1.0 header');
  }, 20_000);
  modern.close();
  await other.edge.remove({ force: true });
});

async function startEdge(port: number): Promise<{ edge: Container; address: string }> {
  const config = new NginxConfig()
    .edge({
      domain: DOMAIN,
      upstream: { kind: 'service', name: 'web', port },
      hasCertificate: false,
      redirects: false,
      frontSubnet: '10.255.240.0/20',
      ports: { http: 80, https: 443 },
    })
    .replace('127.0.0.11', `${gateway}:${dns.address().port}`);
  const container = await engine.docker.createContainer({
    Image: EDGE_IMAGE,
    Cmd: [
      'sh',
      '-c',
      `mkdir -p /etc/berth/pages; touch /etc/berth/pages/502.html; printf %s "$CONFIG" >/tmp/edge.conf; exec nginx -e stderr -c /tmp/edge.conf -g 'daemon off;'`,
    ],
    Env: [`CONFIG=${config}`],
    HostConfig: { NetworkMode: network.id },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const host = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
  await eventually(async () => {
    const sent = request({ host, port: 8080, headers: { host: 'other.example.com' }, agent: false });
    expect((await visit(sent, undefined)).status).toBe(421);
  }, 20_000);
  return { edge: container, address: host };
}

function ask(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Visit> {
  const options = { host: address, port: 8080, path, method, headers: { host: DOMAIN, ...headers }, agent: false };
  return visit(request({ ...options, maxHeaderSize: 128 * KIB }), body);
}

async function logOf(container: Container): Promise<string> {
  return String(await container.logs({ stdout: true, stderr: true }));
}
