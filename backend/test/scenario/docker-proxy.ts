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

export interface Held {
  /** resolves when a matching call has come to the gate */
  reached: Promise<void>;
  release(): void;
}

interface Gate {
  method: string;
  path: RegExp;
  when: 'before' | 'after';
  arrive: () => void;
  open: Promise<void>;
}

/** Between the API and the Engine: holds a call before the Engine sees it, or after the Engine has done it and before the API hears of it. */
export class DockerProxy {
  private readonly dir = mkdtempSync(path.join(tmpdir(), 'berth-proxy-'));
  private readonly socket = path.join(this.dir, 'docker.sock');
  private readonly server: Server;
  private gates: Gate[] = [];
  /** While true the Engine seems to be away. */
  away = false;

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

  hold(when: 'before' | 'after', method: string, pathPattern: RegExp): Held {
    let arrive = () => {};
    let release = () => {};
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const open = new Promise<void>((resolve) => (release = resolve));
    const gate = { method, path: pathPattern, when, arrive, open };
    this.gates.push(gate);
    return {
      reached,
      release: () => {
        this.gates = this.gates.filter((other) => other !== gate);
        release();
      },
    };
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (this.away) {
      incoming.socket.destroy();
      return;
    }
    const gate = this.gates.find(
      ({ method, path: pattern }) => method === incoming.method && pattern.test(incoming.url ?? ''),
    );
    if (gate?.when === 'before') await pass(gate);
    const options = {
      socketPath: this.engineSocket,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    };
    const call: ClientRequest = request(options, (answer) => void answered(answer));
    const answered = async (answer: IncomingMessage) => {
      if (gate?.when === 'after') await pass(gate);
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    };
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  }
}

async function pass({ arrive, open }: Gate): Promise<void> {
  arrive();
  await open;
}
