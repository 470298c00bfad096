import type { ApiClient } from './api-client.js';
import { DockerProxy } from './docker-proxy.js';
import { Platform } from './platform.js';

/** A platform whose way to the Engine can be held or cut. */
export class ProxiedPlatform {
  readonly proxy = new DockerProxy();
  readonly platform: Platform;

  constructor(env: Record<string, string> = {}) {
    this.platform = new Platform({ DOCKER_HOST: this.proxy.dockerHost, ...env });
  }

  /** A client of it, too. */
  async start(): Promise<ApiClient> {
    await this.proxy.start();
    await this.platform.start();
    return this.platform.client();
  }

  async stop(): Promise<void> {
    await this.platform.stop();
    this.proxy.stop();
  }
}
