import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';

@Injectable()
export class Networks {
  constructor(private readonly docker: DockerClient) {}

  /** An attachable overlay; one with this name already is fine. */
  async ensureOverlay(name: string, labels: Record<string, string>): Promise<void> {
    if (await this.exists(name)) return;
    await this.docker.call((docker) =>
      docker.createNetwork({ Name: name, Driver: 'overlay', Attachable: true, CheckDuplicate: true, Labels: labels }),
    );
  }

  async exists(name: string): Promise<boolean> {
    try {
      await this.docker.call((docker) => docker.getNetwork(name).inspect() as Promise<unknown>);
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found')) return false;
      throw error;
    }
  }

  /** False while endpoints still hold the network; removing what is gone already is fine. */
  async tryRemove(name: string): Promise<boolean> {
    try {
      await this.docker.call((docker) => docker.getNetwork(name).remove() as Promise<unknown>);
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found')) return true;
      const inUse = error instanceof Error && /active endpoints|in use by/i.test(error.message);
      if (inUse) return false;
      throw error;
    }
  }
}
