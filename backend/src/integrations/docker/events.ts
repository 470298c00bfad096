import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

export interface DockerEvent {
  type: string;
  action: string;
  attributes: Record<string, string>;
}

@Injectable()
export class Events {
  constructor(private readonly docker: DockerClient) {}

  /**
   * Yields container events until the signal aborts or the Engine disconnects. Calls `onOpen` once the Engine has
   * accepted the subscription.
   */
  async *containers(label: string, signal: AbortSignal, onOpen: () => void): AsyncGenerator<DockerEvent> {
    const filters = {
      type: ['container' as const],
      label: [label],
      event: ['start', 'die', 'destroy', 'health_status'],
    };
    const stream = (await this.docker.stream((docker) => docker.getEvents({ filters }))) as Readable;
    const end = () => stream.destroy();
    signal.addEventListener('abort', end, { once: true });
    onOpen();
    try {
      for await (const line of createInterface({ input: stream })) {
        const { Type, Action, Actor } = JSON.parse(line) as {
          Type: string;
          Action: string;
          Actor: { Attributes: Record<string, string> };
        };
        yield { type: Type, action: Action, attributes: Actor.Attributes };
      }
    } finally {
      signal.removeEventListener('abort', end);
      stream.destroy();
    }
  }
}
