import { once } from 'node:events';
import type { Response } from 'express';
import type { StreamEvent } from './deployment-events.js';

const HEARTBEAT_MS = 15_000;

/** A response that stays open. It respects backpressure of a slow client, and aborts when the client disconnects. */
export class StreamingResponse {
  private readonly disconnected = new AbortController();
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(private readonly response: Response) {
    response.once('close', () => this.disconnected.abort());
  }

  /** Aborts when the connection is closed. */
  get closed(): AbortSignal {
    return this.disconnected.signal;
  }

  /** Sends `text/event-stream` of the HTML standard. Heartbeat comments prevent idle timeouts of proxies. */
  async events(source: AsyncIterable<Pick<StreamEvent, 'id' | 'event' | 'data'>>): Promise<void> {
    this.open('text/event-stream; charset=utf-8');
    this.heartbeat = setInterval(() => void this.write(': heartbeat\n\n'), HEARTBEAT_MS).unref();
    await this.send(source, ({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async text<T>(source: AsyncIterable<T>, format: (item: T) => string): Promise<void> {
    this.open('text/plain; charset=utf-8');
    await this.send(source, format);
  }

  private open(type: string): void {
    this.response.status(200).setHeader('Content-Type', type).setHeader('X-Accel-Buffering', 'no').flushHeaders();
  }

  private async send<T>(source: AsyncIterable<T>, format: (item: T) => string): Promise<void> {
    try {
      for await (const item of source) await this.write(format(item));
    } finally {
      clearInterval(this.heartbeat);
      this.response.end();
    }
  }

  private async write(text: string): Promise<void> {
    if (this.closed.aborted || this.response.write(text)) return;
    await once(this.response, 'drain', { signal: this.closed }).catch(() => undefined);
  }
}
