import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

const SHUTDOWN_GRACE_MS = 4000;
const POLL_INTERVAL_MS = 20;

/** Counts the requests without a complete response. All connections are closed after beforeApplicationShutdown. */
@Injectable()
export class RequestsInProgress implements BeforeApplicationShutdown {
  private count = 0;

  /** Middleware. */
  readonly track = (_request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    this.count++;
    response.once('close', () => this.count--);
    next();
  };

  /** Waits until each request has its response. Long polls and streams end when the process stops. */
  async beforeApplicationShutdown(): Promise<void> {
    for (let waited = 0; this.count > 0 && waited < SHUTDOWN_GRACE_MS; waited += POLL_INTERVAL_MS)
      await delay(POLL_INTERVAL_MS);
  }
}
