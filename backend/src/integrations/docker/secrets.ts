import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { ImmutableSwarmObjects } from './immutable-swarm-objects.js';

/**
 * Swarm secrets: encrypted on the managers, in memory where a service mounts them, and never readable through the API.
 */
@Injectable()
export class Secrets extends ImmutableSwarmObjects {
  constructor(docker: DockerClient) {
    super(docker, {
      create: (client, options) => client.createSecret(options),
      list: (client, filters) => client.listSecrets({ filters }),
      remove: (client, id) => client.getSecret(id).remove(),
    });
  }
}
