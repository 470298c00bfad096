import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';
import { labelFilter } from './swarm-services.js';

export interface Volume {
  name: string;
  /** Folder of the volume, as the engine sees it. */
  mountpoint: string;
  labels: Record<string, string>;
}

@Injectable()
export class Volumes {
  constructor(private readonly docker: DockerClient) {}

  async find(name: string): Promise<Volume | undefined> {
    try {
      const { Name, Labels, Mountpoint } = await this.docker.call((docker) => docker.getVolume(name).inspect());
      return { name: Name, mountpoint: Mountpoint, labels: Labels ?? {} };
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async create(name: string, labels: Record<string, string>): Promise<void> {
    await this.docker.call((docker) => docker.createVolume({ Name: name, Driver: 'local', Labels: labels }));
  }

  async list(labels: Record<string, string | true>): Promise<Volume[]> {
    const { Volumes: found } = await this.docker.call((docker) =>
      docker.listVolumes({ filters: { label: labelFilter(labels) } }),
    );
    return (found ?? []).map(({ Name, Labels, Mountpoint }) => ({
      name: Name,
      mountpoint: Mountpoint,
      labels: Labels ?? {},
    }));
  }

  /** False while a container uses it; true if it does not exist. */
  async tryRemove(name: string): Promise<boolean> {
    try {
      await this.docker.call((docker) => docker.getVolume(name).remove());
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found')) return true;
      if (isDockerError(error, 'conflict')) return false;
      throw error;
    }
  }
}
