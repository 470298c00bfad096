import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import type { LogQuery } from './containers.js';
import { isDockerError } from './docker-error.js';
import { LogDecoder, type LogLine } from './log-decoder.js';
import { readNewestLines } from './newest-lines.js';

export interface TaskLogLine extends LogLine {
  taskId: string;
}

interface LogOptions {
  follow: boolean;
  stdout: boolean;
  stderr: boolean;
  timestamps: boolean;
  details?: boolean;
  tail: number | 'all';
  since?: number | string;
}

// dockerode's types lack `all`.
declare module 'dockerode' {
  interface Service {
    logs(options: LogOptions): Promise<Readable>;
  }
}

/** Logs of the tasks of a Swarm service on all nodes. */
@Injectable()
export class ServiceLogs {
  constructor(private readonly docker: DockerClient) {}

  /** Log of a task so far, on any node; empty if the task was removed or its node does not respond in time. */
  async ofTask(taskId: string, { tail, since }: LogQuery): Promise<LogLine[]> {
    const query = { tail, ...(since && { since: Math.floor(since.getTime() / 1000) }) };
    try {
      return await this.docker.readLog(`/tasks/${taskId}`, query, (log) => readNewestLines(log, tail));
    } catch (error) {
      if (isDockerError(error, 'not-found') || isDockerError(error, 'unavailable')) return [];
      throw error;
    }
  }

  /**
   * Follows the log until the engine disconnects or the signal aborts, even if the service is removed. `since` is RFC
   * 3339, inclusive.
   */
  async *follow(
    serviceId: string,
    { tail, since }: { tail: number | 'all'; since?: string },
    signal: AbortSignal,
  ): AsyncGenerator<TaskLogLine[]> {
    const query = { follow: true, stdout: true, stderr: true, timestamps: true, details: true, tail };
    const options = { ...query, ...(since && { since: unixTime(since) }) };
    const stream = await this.docker.stream((docker) => docker.getService(serviceId).logs(options));
    const decoder = new LogDecoder(taskOf);
    const stop = () => stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) return;
      for await (const chunk of stream) {
        const lines = decoder.push(chunk as Buffer);
        if (lines.length > 0) yield lines.map(({ source, ...line }) => ({ ...line, taskId: source }));
      }
    } catch (error) {
      if (!signal.aborted && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
}

/**
 * With `details`, a line starts with the labels of its origin: `com.docker.swarm.node.id=…,com.docker.swarm.task.id=…
 * text`.
 */
function taskOf(payload: string): { source: string; text: string } {
  const space = payload.indexOf(' ');
  const source = /com\.docker\.swarm\.task\.id=([a-z0-9]+)/.exec(payload.slice(0, space))?.[1];
  return source ? { source, text: payload.slice(space + 1) } : { source: '', text: payload };
}

/** The Engine expects seconds with up to nine decimals. */
function unixTime(time: string): string {
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? '0';
  return `${Math.floor(new Date(time).getTime() / 1000)}.${fraction.padEnd(9, '0')}`;
}
