/** An edge's nginx in a network of the engine's, between a task that has died without a word and the one that takes its place. */
import type { Container, ContainerCreateOptions, Network } from 'dockerode';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { dnsAnswer } from '../scenario/dns-answer.js';
import { EngineView } from '../scenario/engine-view.js';
import { visit, type Visit } from '../scenario/visit.js';
import { SMALL_WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

const DOMAIN = 'shop.example.com';
const OTHER = 'other.example.com';
const PAGE = 'nobody answers';
const IMAGES = { web: `${SMALL_WEB_APPLICATION.image}:${SMALL_WEB_APPLICATION.tag}`, edge: 'nginx:1.30-alpine' };
const engine = new EngineView();
const containers: Container[] = [];
/** In the place of Docker's, to say at what moment the list of tasks is another. */
const dns = createSocket('udp4');
let task: string;
let say: () => void;
let answers = 0;
let isHeld = false;
let network: Network;
let web: string;
let edge: string;

beforeAll(async () => {
  await Promise.all(Object.values(IMAGES).map((image) => engine.pull(image)));
  network = await engine.docker.createNetwork({ Name: `edge-test-${process.pid}-${Date.now()}` });
  const { IPAM } = (await network.inspect()) as { IPAM: { Config: { Gateway: string }[] } };
  const gateway = IPAM.Config[0]?.Gateway ?? '';
  // An address of the network that nobody has: whoever connects hears nothing, as from a machine that has lost its power.
  task = gateway.replace(/\d+$/, '200');
  dns.on('message', (query, { port, address }) => {
    say = () => {
      answers += 1;
      dns.send(dnsAnswer(query, task), port, address);
    };
    if (!isHeld) say();
  });
  await once(dns.bind(0, gateway), 'listening');

  web = await run({ Image: IMAGES.web, Cmd: SMALL_WEB_APPLICATION.command });
  const config = new NginxConfig().edge({
    domain: DOMAIN,
    upstream: { kind: 'service', name: 'web', port: 8080 },
    hasCertificate: false,
    redirects: false,
    frontSubnet: '10.255.240.0/20',
    ports: { http: 80, https: 443 },
  });
  const files = `${write('/etc/berth/pages', '502.html', 'PAGE')}; ${write('/tmp', 'edge.conf', 'CONFIG')}`;
  edge = await run({
    Image: IMAGES.edge,
    Cmd: ['sh', '-c', `${files}; exec nginx -c /tmp/edge.conf -g 'daemon off;'`],
    Env: [`CONFIG=${config.replace('127.0.0.11', `${gateway}:${dns.address().port}`)}`, `PAGE=${PAGE}`],
  });
  await eventually(async () => {
    expect((await ask('GET', OTHER)).status).toBe(421);
    expect(answers).toBeGreaterThan(0); // nginx looks for tasks once it serves
  }, 20_000);
});

afterAll(async () => {
  dns.close();
  await Promise.all(containers.map((container) => container.remove({ force: true })));
  await network.remove();
});

it('who has reached no task must be answered by one that comes meanwhile, if it does no harm to ask again', async () => {
  isHeld = true;
  await once(dns, 'message'); // nginx looks for tasks again
  const waiting = [ask('GET', DOMAIN), ask('HEAD', DOMAIN), ask('POST', DOMAIN)];
  await ask('GET', OTHER); // they have come before that
  task = web;
  isHeld = false;
  say();
  const [got, head, posted] = await Promise.all(waiting);
  expect(got).toEqual({ status: 200, body: 'hello\n' });
  expect(head).toEqual({ status: 200, body: '' });
  expect(posted).toEqual({ status: 502, body: PAGE });
});

/** Gives back its address. */
async function run(options: ContainerCreateOptions): Promise<string> {
  const container = await engine.docker.createContainer({ ...options, HostConfig: { NetworkMode: network.id } });
  containers.push(container);
  await container.start();
  const { NetworkSettings } = await container.inspect();
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
}

function write(folder: string, file: string, variable: string): string {
  return `mkdir -p ${folder}; printf %s "$${variable}" >${folder}/${file}`;
}

async function ask(method: string, host: string): Promise<Pick<Visit, 'status' | 'body'>> {
  const sent = request({ host: edge, port: 8080, method, headers: { host }, agent: false });
  const { status, body } = await visit(sent, undefined);
  return { status, body };
}
