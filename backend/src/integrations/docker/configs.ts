import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { ImmutableSwarmObjects } from './immutable-swarm-objects.js';

/** Swarm configs: files that services mount. Every client of the Engine can read them. */
@Injectable()
export class Configs extends ImmutableSwarmObjects {
  constructor(docker: DockerClient) {
    super(docker, {
      create: (client, options) => client.createConfig(options),
      list: (client, filters) => client.listConfigs({ filters }),
      remove: (client, id) => client.getConfig(id).remove(),
    });
  }
}
