import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hub } from '../testbed/registries.js';

/** The hub behind Docker Hub's manners: whoever pulls needs a token, and anybody gets one. https://distribution.github.io/distribution/spec/auth/token/ */
export class TokenRegistry {
  tokens = 0;
  /** every header Authorization that came */
  readonly authorizations: string[] = [];
  private readonly server: Server = createServer((incoming, outgoing) => this.serve(incoming, outgoing));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.authorizations.push(incoming.headers.authorization ?? '');
    if (incoming.url?.startsWith('/token')) {
      this.tokens += 1;
      outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ token: 'for-anybody', expires_in: 300 }));
      return;
    }
    if (incoming.headers.authorization !== 'Bearer for-anybody') {
      const challenge = `Bearer realm="http://${this.address}/token",service="test",scope="repository:library/busybox:pull"`;
      outgoing.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    const headers = { ...incoming.headers };
    delete headers.authorization;
    const forwarded = request(hub.url + (incoming.url ?? ''), { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  }
}
