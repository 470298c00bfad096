import type Dockerode from 'dockerode';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';
import { labelFilter } from './swarm-services.js';

export interface NamedContent {
  id: string;
  name: string;
  labels: Record<string, string>;
}

interface Surface {
  create(docker: Dockerode, options: { _query: object; _body: object }): Promise<unknown>;
  list(
    docker: Dockerode,
    filters: Record<string, string[]>,
  ): Promise<readonly { ID?: string; Spec?: { Name?: string; Labels?: Record<string, string> } }[]>;
  remove(docker: Dockerode, id: string): Promise<unknown>;
}

/** Common base of configs and secrets, whose content never changes. Their names hold a hash of the content. */
export abstract class ImmutableSwarmObjects {
  protected constructor(
    private readonly docker: DockerClient,
    private readonly surface: Surface,
  ) {}

  /** Returns the id of the object with this name; creates it if there is none. */
  async ensure(name: string, content: Buffer, labels: Record<string, string>): Promise<string> {
    const existing = await this.find(name);
    if (existing) return existing;
    try {
      const body = { Name: name, Data: content.toString('base64'), Labels: labels };
      // Without a query of its own, dockerode repeats the body in the URL: the Engine logs it, and proxies limit it.
      const options = { _query: {}, _body: body };
      const created = await this.docker.call((docker) => this.surface.create(docker, options));
      return (created as { id: string }).id;
    } catch (error) {
      const concurrent = isDockerError(error, 'conflict') ? await this.find(name) : undefined;
      if (concurrent) return concurrent;
      throw error;
    }
  }

  async list(labels: Record<string, string | true>): Promise<NamedContent[]> {
    const found = await this.docker.call((docker) => this.surface.list(docker, { label: labelFilter(labels) }));
    return found.map(({ ID, Spec }) => ({ id: ID ?? '', name: Spec?.Name ?? '', labels: Spec?.Labels ?? {} }));
  }

  /** Takes an id or a name. False while a service mounts it; true if it does not exist. */
  async tryRemove(id: string): Promise<boolean> {
    try {
      await this.docker.call((docker) => this.surface.remove(docker, id));
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found')) return true;
      if (isDockerError(error, 'invalid') || isDockerError(error, 'conflict')) return false;
      throw error;
    }
  }

  /** Returns the id of the object with this name. */
  async find(name: string): Promise<string | undefined> {
    const found = await this.docker.call((docker) => this.surface.list(docker, { name: [name] }));
    return found.find(({ Spec }) => Spec?.Name === name)?.ID;
  }
}
