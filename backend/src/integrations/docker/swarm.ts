import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

@Injectable()
export class Swarm {
  constructor(private readonly docker: DockerClient) {}

  /** `advertiseAddr`: an address or an interface's name; the Engine chooses when it can and none is given. */
  async init(advertiseAddr: string | undefined): Promise<void> {
    const body = { ListenAddr: '0.0.0.0:2377', ...(advertiseAddr && { AdvertiseAddr: advertiseAddr }) };
    await this.docker.stream((docker) => docker.swarmInit(body));
  }
}
