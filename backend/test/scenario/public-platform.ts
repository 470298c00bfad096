import http from 'node:http';
import https from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'vitest';
import type { Environment } from '../../../clients/typescript/src/index.js';
import { acquireStartLock } from '#src/core/database/start-lock.js';
import { AcmeServer } from '../testbed/acme-server.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { stateDir } from '../testbed/state-dir.js';
import { AcmeProxy } from './acme-proxy.js';
import type { ApiClient } from './api-client.js';
import { DockerProxy } from './docker-proxy.js';
import { EngineView } from './engine-view.js';
import { Platform } from './platform.js';
import { visit, type Visit } from './visit.js';

/** There is one front on an engine: files that are about it run one after the other. */
export const WAIT_FOR_OTHERS_MS = 900_000;
const MAX_HEADER_SIZE = 128 * 1024;

interface VisitOptions {
  path?: string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}

/** A platform whose front listens on free ports, with an ACME server and a DNS of its own. One at a time on an engine. */
export class PublicPlatform {
  httpPort = 0;
  httpsPort = 0;
  root = '';
  readonly engine = new EngineView();
  readonly docker = new DockerProxy();
  private unlock: (() => Promise<void>) | undefined;
  private parts: { acme: AcmeServer; proxy: AcmeProxy; platform: Platform } | undefined;

  get acme(): AcmeServer {
    return this.started.acme;
  }

  get acmeProxy(): AcmeProxy {
    return this.started.proxy;
  }

  get platform(): Platform {
    return this.started.platform;
  }

  async start(env: Record<string, string> = {}): Promise<ApiClient> {
    this.unlock = await acquireStartLock(stateDir.run, WAIT_FOR_OTHERS_MS);
    this.httpPort = await freePort();
    this.httpsPort = await freePort();
    const acme = await new AcmeServer(this.httpPort).start();
    const proxy = await new AcmeProxy(acme).start();
    this.root = await acme.issuedRoot();
    await this.docker.start();
    const platform = new Platform({
      INGRESS: 'on',
      INGRESS_HTTP_PORT: String(this.httpPort),
      INGRESS_HTTPS_PORT: String(this.httpsPort),
      ACME_DIRECTORY_URL: proxy.directoryUrl,
      ACME_CA_FILE: acme.caFile,
      DNS_SERVERS: acme.dnsServer,
      DOCKER_HOST: this.docker.dockerHost,
      ...env,
    });
    this.parts = { acme, proxy, platform };
    await platform.start();
    await eventually(async () => {
      const health = await this.ingressHealth();
      expect(health?.['status'], String(health?.['message'])).toBe('up');
    }, 60_000);
    return platform.client();
  }

  async stop(): Promise<void> {
    const { acme, proxy, platform } = this.started;
    await platform.deleteEnvironments();
    await platform.restart({ INGRESS: 'off' }); // takes the front away
    await eventually(async () => expect(await this.engine.ingress()).toEqual([]), 60_000);
    await platform.stop();
    acme.stop();
    proxy.stop();
    this.docker.stop();
    await this.unlock?.();
  }

  async ingressHealth(): Promise<Record<string, unknown> | undefined> {
    const answer = await fetch(`${this.platform.baseUrl}/health`);
    const { details } = (await answer.json()) as { details: Record<string, Record<string, unknown>> };
    return details['ingress'];
  }

  async publish(client: ApiClient, environmentId: string, body: object): Promise<Environment> {
    const answer = await client.ok<{ environment: Environment }>('POST', `/environments/${environmentId}/public`, body);
    return answer.environment;
  }

  /** Until the certificate is ISSUED and nothing changes any more. */
  async secured(client: ApiClient, environmentId: string): Promise<void> {
    const domain = (await client.environment(environmentId)).publicDomain ?? '';
    await eventually(async () => {
      const { certificate } = await client.environment(environmentId);
      expect(certificate, certificate?.lastError ?? '').toMatchObject({ status: 'ISSUED' });
    }, 30_000);
    await this.settled(domain);
  }

  /** Until the name serves this body by HTTPS. */
  async expectServing(domain: string, body: string, withinMs: number): Promise<void> {
    await eventually(async () => expect((await this.https(domain)).body).toBe(body), withinMs);
  }

  /** Until the name answers so in plain HTTP. */
  async answers(domain: string, status: number): Promise<void> {
    await eventually(async () => expect((await this.http(domain)).status).toBe(status), 30_000);
  }

  /** Until nobody holds the name. */
  async free(domain: string): Promise<void> {
    await eventually(async () => {
      expect(await this.platform.sql('SELECT 1 FROM "Site" WHERE domain = $1', [domain])).toEqual([]);
    }, 60_000);
  }

  /** Until nothing of the site changes any more: one edge, as it should be, and the front has forgotten those before it. */
  async settled(domain: string): Promise<void> {
    const calmMs = 1200; // what the front has from DNS is a second old at most
    let calmSince = Date.now();
    await eventually(async () => {
      const jobs = await this.platform.sql(
        `SELECT task_identifier, attempts, locked_at, last_error FROM graphile_worker.jobs WHERE task_identifier IN ('site.converge', 'certificate.maintain') AND attempts < max_attempts AND run_at <= now()`,
      );
      const [site] = await this.platform.sql<{ id: string }>('SELECT id FROM "Site" WHERE domain = $1', [domain]);
      const edges = await this.engine.running(`berth.site=${site?.id ?? ''}`);
      if (jobs.length > 0 || edges !== 1) calmSince = Date.now();
      const waitsFor = `${edges} edges, jobs: ${JSON.stringify(jobs)}`;
      expect(Date.now() - calmSince, waitsFor).toBeGreaterThan(calmMs);
    }, 60_000);
  }

  http(domain: string, { path = '/', headers = {}, method = 'GET', body }: VisitOptions = {}): Promise<Visit> {
    const options = { host: '127.0.0.1', port: this.httpPort, path, method, headers: { host: domain, ...headers } };
    return visit(http.request({ ...options, agent: false, maxHeaderSize: MAX_HEADER_SIZE }), body);
  }

  /** Verified against the ACME server's root. */
  https(domain: string, { path = '/', headers = {}, method = 'GET', body }: VisitOptions = {}): Promise<Visit> {
    const options = { host: '127.0.0.1', port: this.httpsPort, path, method, headers: { host: domain, ...headers } };
    const tls = { servername: domain, ca: this.root };
    return visit(https.request({ ...options, ...tls, agent: false, maxHeaderSize: MAX_HEADER_SIZE }), body);
  }

  /** A TLS connection of its own; `alpn` as the client offers it. */
  tls(
    domain: string,
    options: { alpn?: string[]; maxVersion?: 'TLSv1.1' | 'TLSv1.2'; ca?: string } = {},
  ): Promise<TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const socket = connect({
      host: '127.0.0.1',
      port: this.httpsPort,
      servername: domain,
      ca: options.ca ?? this.root,
      ...(options.alpn && { ALPNProtocols: options.alpn }),
      ...(options.maxVersion && { minVersion: 'TLSv1', maxVersion: options.maxVersion }),
    });
    socket.once('secureConnect', () => resolve(socket)).once('error', reject);
    return promise;
  }

  private get started() {
    if (!this.parts) throw new Error('not started');
    return this.parts;
  }
}
