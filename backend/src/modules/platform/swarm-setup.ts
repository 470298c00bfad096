import { networkInterfaces } from 'node:os';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { DockerError } from '#src/integrations/docker/docker-error.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Swarm } from '#src/integrations/docker/swarm.js';

/**
 * Puts the Engine into Swarm mode at startup. The API also starts while the Engine is unavailable: `/health` reports
 * that.
 */
@Injectable()
export class SwarmSetup implements OnModuleInit {
  private readonly logger = new Logger(SwarmSetup.name);

  constructor(
    private readonly engine: Engine,
    private readonly swarm: Swarm,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    try {
      const { swarmActive } = await this.engine.inspect();
      if (!swarmActive) await this.init();
    } catch (error) {
      this.logger.warn(error instanceof DockerError ? error.message : (error as Error).message);
    }
  }

  private async init(): Promise<void> {
    const address = this.config.docker.swarmAdvertiseAddr ?? localAddress();
    await this.swarm.init(address);
    this.engine.forget();
    this.logger.log(`the engine is a Swarm manager now, advertising ${address}`);
  }
}

/** Returns the first IPv4 address of a physical interface, else the loopback, for a swarm of one node. */
function localAddress(): string {
  const candidates = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    /^(lo|docker|br-|veth|vx-)/.test(name) ? [] : addresses,
  );
  return candidates.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
