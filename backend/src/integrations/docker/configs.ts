import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';

@Injectable()
export class Configs {
  constructor(private readonly docker: DockerClient) {}

  /** The id of the config with this name; made when there is none. Names carry a hash of the content, so that they never change. */
  async ensure(name: string, content: Buffer, labels: Record<string, string>): Promise<string> {
    const existing = await this.idOf(name);
    if (existing) return existing;
    try {
      const options = { Name: name, Data: content.toString('base64'), Labels: labels };
      const created = (await this.docker.call((docker) => docker.createConfig(options) as Promise<unknown>)) as {
        id: string;
      };
      return created.id;
    } catch (error) {
      const other = isDockerError(error, 'conflict') ? await this.idOf(name) : undefined;
      if (other) return other;
      throw error;
    }
  }

  private async idOf(name: string): Promise<string | undefined> {
    const configs = await this.docker.call((docker) => docker.listConfigs({ filters: { name: [name] } }));
    return configs.find(({ Spec }) => Spec?.Name === name)?.ID;
  }
}
