/**
 * A real ACME server (Pebble, with renewal information) and the DNS that it asks, for one test file. Every name leads to 127.0.0.1
 * unless a test says otherwise; challenges are looked for at the port where the front under test listens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cached.js';
import { unpackNewerPackages } from './debian-packages.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { stateDir } from './state-dir.js';
import { makeServerCertificate } from './test-authority.js';

interface Ports {
  acme: number;
  management: number;
  dns: number;
  names: number;
}

export class AcmeServer {
  private readonly dir = mkdtempSync(join(tmpdir(), 'berth-acme-'));
  private readonly children: ChildProcess[] = [];
  private ports: Ports = { acme: 0, management: 0, dns: 0, names: 0 };

  /** `host`: where it listens; others than this machine's processes need another than loopback. */
  constructor(
    private readonly httpPort: number,
    private readonly host = '127.0.0.1',
  ) {}

  async start(): Promise<this> {
    const bin = join(await pebbleRoot(), 'usr/bin');
    makeServerCertificate(this.dir);
    this.ports = {
      acme: await freePort(),
      management: await freePort(),
      dns: await freePort(),
      names: await freePort(),
    };
    this.startNames(bin);
    this.startPebble(bin);
    const answers = async () => {
      await this.get('/dir', this.ports.acme);
      await this.nameServer('clear-a', { host: 'nobody.example' });
    };
    await eventually(answers, 15_000).catch((error: unknown) => {
      this.stop();
      throw error;
    });
    return this;
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  get address(): { host: string; port: number } {
    return { host: 'localhost', port: this.ports.acme };
  }

  get directoryUrl(): string {
    return `https://localhost:${this.ports.acme}/dir`;
  }

  get dnsServer(): string {
    return `${this.host}:${this.ports.dns}`;
  }

  /** Root of the server's own TLS. */
  get caFile(): string {
    return join(this.dir, 'ca.pem');
  }

  get tls(): { cert: Buffer; key: Buffer; ca: Buffer } {
    const read = (name: string) => readFileSync(join(this.dir, name));
    return { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') };
  }

  /** Root of the certificates that it issues. */
  issuedRoot(): Promise<string> {
    return this.get('/roots/0', this.ports.management);
  }

  /** Where a name leads from now on; [] for nowhere. */
  async point(host: string, addresses: string[]): Promise<void> {
    if (addresses.length > 0) await this.nameServer('add-a', { host, addresses });
    else await this.nameServer('set-servfail', { host });
  }

  async pointHere(host: string): Promise<void> {
    await this.nameServer('clear-a', { host });
    await this.nameServer('clear-servfail', { host });
  }

  /** The window in which it would like to see this certificate (PEM) renewed. */
  async wantRenewal(certificate: string, start: Date, end: Date): Promise<void> {
    const ariResponse = JSON.stringify({ suggestedWindow: { start: start.toISOString(), end: end.toISOString() } });
    await this.get('/set-renewal-info/', this.ports.management, { certificate, ariResponse });
  }

  private startNames(bin: string): void {
    this.spawn(join(bin, 'pebble-challtestsrv'), [
      ...['-dnsserver', this.dnsServer, '-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
      ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''],
      ...['-management', `127.0.0.1:${this.ports.names}`],
    ]);
  }

  private startPebble(bin: string): void {
    const config = join(this.dir, 'pebble.json');
    const pebble = {
      listenAddress: `${this.host}:${this.ports.acme}`,
      managementListenAddress: `127.0.0.1:${this.ports.management}`,
      certificate: join(this.dir, 'server.pem'),
      privateKey: join(this.dir, 'server.key'),
      httpPort: this.httpPort,
      tlsPort: 1,
      externalAccountBindingRequired: false,
      profiles: { default: { description: 'ninety days', validityPeriod: 90 * 86_400 } },
    };
    writeFileSync(config, JSON.stringify({ pebble }));
    this.spawn(join(bin, 'pebble'), ['-config', config, '-dnsserver', this.dnsServer]);
  }

  private spawn(program: string, args: string[]): void {
    const log = openSync(join(this.dir, 'log'), 'a');
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
    this.children.push(spawn(program, args, { stdio: ['ignore', log, log], env }));
    closeSync(log);
  }

  private async nameServer(action: string, body: object): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.names}/${action}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${action}: ${answer.status}`);
  }

  private get(path: string, port: number, body?: object): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = { 'user-agent': 'berth-test' };
    const method = body ? 'POST' : 'GET';
    const host = port === this.ports.acme ? this.host : '127.0.0.1';
    const options = { host, servername: 'localhost', port, path, method, headers, ca: this.tls.ca, agent: false };
    const call = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        (answer.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(`${path}: ${text}`)),
      );
    });
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
    return promise;
  }
}

async function pebbleRoot(): Promise<string> {
  return cached(join(stateDir.cache, 'pebble-root'), (root) => unpackNewerPackages(['pebble'], root));
}
