import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What an Engine of version 20.10 answered for one container. */
const STATS = readFileSync(path.resolve(import.meta.dirname, '../fixtures/container-stats.json'), 'utf8');

/** Answers as the Engine does for a hundred containers, which no test machine runs: a list of them, and their stats. */
export class StatsEngine {
  private readonly dir = mkdtempSync(path.join(tmpdir(), 'berth-stats-'));
  private readonly socket = path.join(this.dir, 'docker.sock');
  private readonly server = createServer((request, response) => this.answer(request, response));
  private list = '[]';
  requests = 0;
  failing: (index: number) => boolean = () => false;

  get dockerHost(): string {
    return `unix://${this.socket}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.socket, resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  containersOf(deploymentId: string, count: number): void {
    const containers = Array.from({ length: count }, (_, index) => ({
      Id: `container-${index}`,
      Created: Math.floor(Date.now() / 1000),
      Labels: { 'berth.deployment': deploymentId, 'com.docker.swarm.task.name': `shop-web.${index + 1}.task` },
    }));
    this.list = JSON.stringify(containers);
  }

  private answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    const index = /^\/containers\/container-(\d+)\/stats\?stream=false&one-shot=true$/.exec(url)?.[1];
    const isFailing = index !== undefined && this.failing(Number(index));
    const isKnown = index !== undefined || url.startsWith('/containers/json?');
    response.writeHead(isFailing ? 500 : isKnown ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(isFailing || !isKnown ? '{"message":"no"}' : index === undefined ? this.list : STATS);
  }
}
