import { Injectable } from '@nestjs/common';
import type Dockerode from 'dockerode';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';
import type { RegistryAuth } from './registry-auth.js';
import type { ServiceSpec } from './service-spec.js';

export interface SwarmService {
  id: string;
  version: number;
  name: string;
  labels: Record<string, string>;
  /** 0 for a global service, which runs on every node. */
  replicas: number;
  spec: ServiceSpec;
  /** State of the last update; undefined if there was none. */
  updateState: 'updating' | 'paused' | 'completed' | undefined;
}

/** Swarm services as plain data. */
@Injectable()
export class SwarmServices {
  constructor(private readonly docker: DockerClient) {}

  /** Returns the id of the new service. The nodes that pull the image receive `auth`. */
  async create(spec: ServiceSpec, auth?: RegistryAuth): Promise<string> {
    const options = spec as Dockerode.CreateServiceOptions;
    const created = await this.docker.call((docker) =>
      auth ? docker.createService(auth, options) : docker.createService(options),
    );
    return (created as { ID?: string; id: string }).ID ?? created.id;
  }

  async find(idOrName: string): Promise<SwarmService | undefined> {
    try {
      return fromEngine(
        await this.docker.call((docker) => docker.getService(idOrName).inspect() as Promise<EngineService>),
      );
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async list(labels: Record<string, string | true>): Promise<SwarmService[]> {
    const services = await this.docker.call((docker) =>
      docker.listServices({ filters: { label: labelFilter(labels) } }),
    );
    return (services as EngineService[]).map(fromEngine);
  }

  scale(service: SwarmService, replicas: number): Promise<void> {
    return this.update(service, { ...service.spec, Mode: { Replicated: { Replicas: replicas } } });
  }

  /** Throws if the service was changed since it was inspected. */
  async update({ id, version }: SwarmService, spec: ServiceSpec): Promise<void> {
    const options = { ...spec, version } as Dockerode.ServiceSpec & { version: number };
    await this.docker.call((docker) => docker.getService(id).update(options));
  }

  /** Does nothing if the service does not exist. */
  async remove(idOrName: string): Promise<void> {
    try {
      await this.docker.call((docker) => docker.getService(idOrName).remove());
    } catch (error) {
      if (!isDockerError(error, 'not-found')) throw error;
    }
  }
}

export function labelFilter(labels: Record<string, string | true>): string[] {
  return Object.entries(labels).map(([name, value]) => (value === true ? name : `${name}=${value}`));
}

interface EngineService {
  ID: string;
  Version: { Index: number };
  Spec: ServiceSpec;
  UpdateStatus?: { State?: SwarmService['updateState'] };
}

function fromEngine({ ID, Version, Spec, UpdateStatus }: EngineService): SwarmService {
  return {
    id: ID,
    version: Version.Index,
    name: Spec.Name,
    labels: Spec.Labels,
    replicas: 'Replicated' in Spec.Mode ? Spec.Mode.Replicated.Replicas : 0,
    spec: Spec,
    updateState: UpdateStatus?.State,
  };
}
