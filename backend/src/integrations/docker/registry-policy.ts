import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { PrivateHosts } from '#src/common/public-address.js';
import { Config } from '#src/config/config.js';
import { RegistryError } from './registry-error.js';

/**
 * Decides which registries the Engine may be sent to for a user. A reference of a user must not reach a service that
 * only this machine or its network reaches. The Engine resolves the name again, so that a name server may still deceive.
 */
@Injectable()
export class RegistryPolicy {
  private readonly privateHosts: PrivateHosts;

  constructor(config: Config) {
    this.privateHosts = new PrivateHosts(config.registry.allowedPrivateHosts);
  }

  /** Whether the registry is refused by what is written, without a lookup: a private address or localhost. */
  refuses(registry: string): boolean {
    const host = hostOf(registry);
    if (isIP(host)) return !this.privateHosts.allow(host, host);
    return /(^|\.)localhost$/i.test(host) && !this.privateHosts.allow(host, '127.0.0.1');
  }

  /** Throws RegistryError `not-allowed`. A name that does not resolve is left to the Engine, which reports it. */
  async require(registry: string): Promise<void> {
    if (registry === 'docker.io') return;
    const host = hostOf(registry);
    const addresses = await lookup(host, { all: true }).catch(() => []);
    if (this.refuses(registry) || addresses.some(({ address }) => !this.privateHosts.allow(host, address)))
      throw new RegistryError('not-allowed', `${registry} has a private address`);
  }
}

/** The host of `host:port` or `[address]:port`. */
function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
