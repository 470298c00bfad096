import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';
import { LogDecoder, type LogLine } from './log-decoder.js';
import { readNewestLines } from './newest-lines.js';

export interface ContainerState {
  running: boolean;
  startedAt: Date | undefined;
  exitCode: number;
  oomKilled: boolean;
  health: { status: 'starting' | 'healthy' | 'unhealthy'; lastOutput: string } | undefined;
}

export interface LogQuery {
  tail: number;
  since?: Date;
}

/** Containers of this node, which only its own Engine can inspect. */
@Injectable()
export class Containers {
  constructor(private readonly docker: DockerClient) {}

  /** Undefined if this node has no such container: it runs on another node, or was removed. */
  async inspect(id: string): Promise<ContainerState | undefined> {
    try {
      const { State } = await this.docker.call((docker) => docker.getContainer(id).inspect());
      return {
        running: State.Running,
        startedAt: State.StartedAt.startsWith('0001') ? undefined : new Date(State.StartedAt),
        exitCode: State.ExitCode,
        oomKilled: State.OOMKilled,
        health: healthOf(State.Health),
      };
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** Ids of this node's containers of a Swarm service, stopped ones included. */
  async ofService(serviceId: string): Promise<string[]> {
    const filters = { label: [`com.docker.swarm.service.id=${serviceId}`] };
    const found = await this.docker.call((docker) => docker.listContainers({ all: true, filters }));
    return found.map(({ Id }) => Id);
  }

  /** Labels of this node's running containers that publish the port. */
  async publishing(port: number, protocol: 'tcp' | 'udp'): Promise<Record<string, string>[]> {
    const filters = { publish: [`${port}/${protocol}`] };
    const found = await this.docker.call((docker) => docker.listContainers({ filters }));
    return found.map(({ Labels }) => Labels);
  }

  /** Kills and removes a container. Does nothing if it was removed, or is being removed. */
  async remove(id: string): Promise<void> {
    try {
      await this.docker.stream((docker) => docker.getContainer(id).remove({ force: true }) as Promise<unknown>);
    } catch (error) {
      if (!isDockerError(error, 'not-found') && !isDockerError(error, 'conflict')) throw error;
    }
  }

  /**
   * Reads or writes the files of a volume as a tar, through a container that never runs. The paths start with the mount
   * folder.
   */
  async withVolume<T>(
    image: string,
    volume: string,
    use: (files: { read: () => Promise<Readable>; write: (tar: Readable) => Promise<void> }) => Promise<T>,
  ): Promise<T> {
    const container = await this.docker.call((docker) =>
      docker.createContainer({
        Image: image,
        HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: '/berth-volume' }] } as object,
      }),
    );
    try {
      return await use({
        read: () =>
          this.docker.stream((docker) =>
            docker.getContainer(container.id).getArchive({ path: '/berth-volume' }),
          ) as Promise<Readable>,
        write: async (tar) => {
          await this.docker.stream((docker) => docker.getContainer(container.id).putArchive(tar, { path: '/' }));
        },
      });
    } finally {
      await this.remove(container.id);
    }
  }

  /** Runs a command in the host's network with NET_ADMIN, waits for its end and removes it. Returns the exit code. */
  async runInHostNetwork(image: string, command: string[]): Promise<number> {
    const container = await this.docker.call((docker) =>
      docker.createContainer({
        Image: image,
        Entrypoint: command,
        Cmd: [],
        User: '0:0',
        HostConfig: { NetworkMode: 'host', CapDrop: ['ALL'], CapAdd: ['NET_ADMIN'], ReadonlyRootfs: true },
      }),
    );
    try {
      await this.docker.call(() => container.start() as Promise<unknown>);
      const { StatusCode } = await this.docker.stream(() => container.wait() as Promise<{ StatusCode: number }>);
      return StatusCode;
    } finally {
      await this.docker.stream(() => container.remove({ force: true }) as Promise<unknown>);
    }
  }

  /** The newest lines; empty if the container was removed. */
  async logs(id: string, { tail, since }: LogQuery): Promise<LogLine[]> {
    const query = { tail, ...(since && { since: since.getTime() / 1000 }) };
    try {
      return await this.docker.readLog(`/containers/${id}`, query, (log) => readNewestLines(log, tail));
    } catch (error) {
      if (isDockerError(error, 'not-found') || isDockerError(error, 'conflict')) return [];
      throw error;
    }
  }

  /** Yields the last `tail` lines and then new ones, until the container has stopped or the signal aborts. */
  async *followLogs(id: string, tail: number, signal: AbortSignal): AsyncGenerator<LogLine[]> {
    const query = { stdout: true, stderr: true, timestamps: true, tail, follow: true as const };
    const stream = (await this.docker.stream((docker) => docker.getContainer(id).logs(query))) as Readable;
    const decoder = new LogDecoder();
    const stop = () => stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) return;
      for await (const chunk of stream) {
        const lines = decoder.push(chunk as Buffer);
        if (lines.length > 0) yield lines.map(({ time, stream: of, text }) => ({ time, stream: of, text }));
      }
      yield decoder.end();
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
}

interface EngineHealth {
  Status: string;
  Log?: { Output: string }[] | null;
}

function healthOf(health: EngineHealth | undefined): ContainerState['health'] {
  if (!health || health.Status === 'none') return undefined;
  return {
    status: health.Status as 'starting' | 'healthy' | 'unhealthy',
    lastOutput: safeText(health.Log?.at(-1)?.Output ?? '').trim(),
  };
}
