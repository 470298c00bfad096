import { createServer, request, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AcmeServer } from '../testbed/acme-server.js';
import { Gates, type Held } from './gates.js';

/** An answer in the place of the server's. */
interface Refusal {
  path: RegExp;
  status: number;
  headers: Record<string, string>;
  body: object;
}

/** Between the API and the ACME server: counts, holds and refuses. The server makes its URLs from the Host header, so they lead here. */
export class AcmeProxy {
  private readonly server: Server;
  private readonly gates = new Gates();
  private refusals: Refusal[] = [];
  /** `POST /order-plz`, in order */
  readonly calls: string[] = [];
  /** Those that the server granted: it refuses one nonce in twenty on purpose, and is asked again. */
  private readonly granted: string[] = [];
  /** While true nobody answers. */
  away = false;

  constructor(private readonly acme: AcmeServer) {
    const { cert, key } = acme.tls;
    this.server = createServer({ cert, key }, (incoming, outgoing) => void this.forward(incoming, outgoing));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get directoryUrl(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}/dir`;
  }

  hold(when: 'before' | 'after', path: RegExp): Held {
    return this.gates.hold(when, 'POST', path);
  }

  /** From now on, until the function that it returns is called. */
  refuse(refusal: Refusal): () => void {
    this.refusals.push(refusal);
    return () => void (this.refusals = this.refusals.filter((other) => other !== refusal));
  }

  countOf(path: RegExp): number {
    return this.calls.filter((call) => path.test(call)).length;
  }

  countOfGranted(path: RegExp): number {
    return this.granted.filter((call) => path.test(call)).length;
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url: path = '', headers } = incoming;
    if (this.away) {
      incoming.socket.destroy();
      return;
    }
    this.calls.push(`${method} ${path}`);
    const refusal = this.refusals.find((candidate) => candidate.path.test(path));
    if (refusal) {
      const problem = { ...refusal.headers, 'content-type': 'application/problem+json' };
      incoming.resume();
      outgoing.writeHead(refusal.status, problem).end(JSON.stringify(refusal.body));
      return;
    }
    const gate = this.gates.find(incoming);
    if (gate?.when === 'before') await gate.pass();
    const { ca } = this.acme.tls;
    const call = request({ ...this.acme.address, method, path, headers, ca, agent: false }, (answer) => {
      if ((answer.statusCode ?? 500) < 400) this.granted.push(`${method} ${path}`);
      void (gate?.when === 'after' ? gate.pass() : Promise.resolve()).then(() => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
    });
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  }
}
