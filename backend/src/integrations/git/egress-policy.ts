import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { PrivateHosts } from '#src/common/public-address.js';
import { Config } from '#src/config/config.js';
import { GitError } from './git-error.js';

/** Decides which addresses a clone may connect to. A user's URL must not reach a network that only this machine reaches. */
@Injectable()
export class EgressPolicy {
  private readonly privateHosts: PrivateHosts;

  constructor(config: Config) {
    this.privateHosts = new PrivateHosts(config.git.allowedPrivateHosts);
  }

  /** Resolves the one address to connect to: a second lookup could return another one. Throws GitError. */
  async resolve(host: string): Promise<string> {
    const addresses = isIP(host) ? [host] : await addressesOf(host);
    const refused = addresses.find((address) => !this.allows(host, address));
    if (refused !== undefined || addresses[0] === undefined) throw notAllowed(host);
    return addresses[0];
  }

  /** For a host that is written as an address, this needs no lookup. */
  allows(host: string, address: string): boolean {
    return this.privateHosts.allow(host, address);
  }
}

function notAllowed(host: string): GitError {
  return new GitError(
    'not-allowed',
    `${host} is not a public address. The operator can allow private ones in GIT_ALLOWED_PRIVATE_HOSTS.`,
  );
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND') throw new GitError('not-found', `The host ${host} does not exist.`, { cause });
    throw new GitError('unreachable', `The host ${host} could not be resolved.`, { cause });
  }
}
