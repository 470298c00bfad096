import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

@Injectable()
export class Swarm {
  constructor(private readonly docker: DockerClient) {}

  /**
   * Initialises a swarm. `advertiseAddr` is an address or the name of an interface; without it the Engine chooses one
   * if it can.
   */
  async init(advertiseAddr: string | undefined): Promise<void> {
    const body = { ListenAddr: '0.0.0.0:2377', ...(advertiseAddr && { AdvertiseAddr: advertiseAddr }) };
    await this.docker.stream((docker) => docker.swarmInit(body));
  }
}
