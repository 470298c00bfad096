import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { ImmutableSwarmObjects } from './immutable-swarm-objects.js';

/** Swarm's secrets: encrypted at its managers, in memory only where a service mounts them, and never given back. */
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
