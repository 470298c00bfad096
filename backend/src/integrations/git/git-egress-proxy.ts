import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { timingSafeEqualText } from '#src/common/timing-safe-equal.js';
import type { EgressPolicy } from './egress-policy.js';
import { GitError } from './git-error.js';
import { LOW_SPEED_SECONDS, lowSpeedError } from './low-speed.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** git's own low-speed limit starts only after the TLS handshake. */
const IDLE_TIMEOUT_MS = LOW_SPEED_SECONDS * 1000;

/**
 * CONNECT proxy on loopback for the HTTPS connections of one clone, with its own password. It checks every address
 * when it connects, so that neither a redirect nor DNS rebinding reaches a private network. It does not terminate TLS.
 */
export class GitEgressProxy {
  /** The first failure: git itself learns only that the proxy refused. */
  failure: GitError | undefined;
  private readonly secret = randomBytes(24).toString('hex');
  private readonly sockets = new Set<Duplex>();
  private readonly server: Server;

  private constructor(private readonly policy: EgressPolicy) {
    this.server = createServer((_, response) => response.writeHead(405).end());
    this.server.on('connect', (request: IncomingMessage, client: Duplex) => void this.tunnel(request, client));
    this.server.on('connection', (socket: Socket) => this.track(socket.setNoDelay()));
  }

  static async open(policy: EgressPolicy): Promise<GitEgressProxy> {
    const proxy = new GitEgressProxy(policy);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject);
      proxy.server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** For `https_proxy`. */
  get url(): string {
    const address = this.server.address();
    return `http://berth:${this.secret}@127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async tunnel(request: IncomingMessage, client: Duplex): Promise<void> {
    client.on('error', () => undefined);
    if (!this.isOurs(request.headers['proxy-authorization'])) {
      // curl first requests the authentication scheme.
      refuse(client, '407 Proxy Authentication Required', 'Proxy-Authenticate: Basic realm="berth"\r\n');
      return;
    }
    const target = URL.canParse(`https://${request.url ?? ''}`) ? new URL(`https://${request.url ?? ''}`) : undefined;
    try {
      if (!target) throw new GitError('failed', 'git requested an invalid host from the proxy.');
      const upstream = await this.dial(target.hostname.replace(/^\[|\]$/g, ''), Number(target.port || 443));
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      this.join(client, upstream, target.hostname);
    } catch (error) {
      this.failure ??= error instanceof GitError ? error : new GitError('unreachable', 'The host cannot be reached.');
      refuse(client, '403 Forbidden');
    }
  }

  private async dial(host: string, port: number): Promise<Socket> {
    const address = await this.policy.resolve(host);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, timeout: CONNECT_TIMEOUT_MS, noDelay: true });
      this.track(socket);
      const fail = (kind: 'unreachable' | 'timeout', reason: string) => {
        socket.destroy();
        reject(new GitError(kind, `${host} ${reason}.`));
      };
      socket.once('error', ({ code }: NodeJS.ErrnoException) =>
        fail('unreachable', code === 'ECONNREFUSED' ? `refuses connections on port ${port}` : 'cannot be reached'),
      );
      socket.once('timeout', () =>
        fail('timeout', `did not accept the connection within ${CONNECT_TIMEOUT_MS / 1000} s`),
      );
      socket.once('connect', () => {
        socket.setTimeout(0);
        resolve(socket);
      });
    });
  }

  private join(client: Duplex, upstream: Socket, host: string): void {
    upstream.setTimeout(IDLE_TIMEOUT_MS, () => {
      this.failure ??= lowSpeedError(host);
      upstream.destroy();
    });
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  }

  private isOurs(authorization: string | undefined): boolean {
    const wanted = `Basic ${Buffer.from(`berth:${this.secret}`).toString('base64')}`;
    return timingSafeEqualText(authorization ?? '', wanted);
  }

  private track(socket: Duplex): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

function refuse(client: Duplex, status: string, headers = ''): void {
  client.end(`HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}
