import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Gates, type Held } from './gates.js';

/** Between the API and the Engine: holds a call before the Engine sees it, or after the Engine has done it and before the API hears of it. */
export class DockerProxy {
  private readonly dir = mkdtempSync(path.join(tmpdir(), 'berth-proxy-'));
  private readonly socket = path.join(this.dir, 'docker.sock');
  private readonly server: Server;
  private readonly gates = new Gates();
  /** While true the Engine seems to be away. */
  away = false;
  private thawed: PromiseWithResolvers<undefined> | undefined;

  constructor(
    private readonly engineSocket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').slice(
      'unix://'.length,
    ),
  ) {
    this.server = createServer((incoming, outgoing) => void this.forward(incoming, outgoing));
  }

  get dockerHost(): string {
    return `unix://${this.socket}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.socket, resolve));
    return this;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** From now on the Engine takes calls and answers none, as one whose process is stopped. */
  freeze(): void {
    this.thawed = Promise.withResolvers();
  }

  /** The calls that came meanwhile reach the Engine, unless their client has given up. */
  thaw(): void {
    this.thawed?.resolve(undefined);
    this.thawed = undefined;
  }

  hold(when: 'before' | 'after', method: string, pathPattern: RegExp): Held {
    return this.gates.hold(when, method, pathPattern);
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (this.away) {
      incoming.socket.destroy();
      return;
    }
    if (this.thawed) {
      await this.thawed.promise;
      if (outgoing.destroyed || incoming.socket.destroyed) return;
    }
    const gate = this.gates.find(incoming);
    if (gate?.when === 'before') {
      await gate.pass();
      await turn(); // a client that was killed is seen to be gone
      if (outgoing.destroyed || incoming.socket.destroyed) return;
    }
    const options = {
      socketPath: this.engineSocket,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    };
    const call: ClientRequest = request(options, (answer) => void answered(answer));
    const answered = async (answer: IncomingMessage) => {
      if (gate?.when === 'after') await gate.pass();
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    };
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  }
}
