import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { GitError } from './git-error.js';

/** Everything that is not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sibling. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Only 2000::/3 is public at all; in it, what wraps IPv4 or is for documentation. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Which addresses a clone may connect to. A user's URL must not reach what only this machine can reach. */
@Injectable()
export class AddressGuard {
  private readonly special = new BlockList();
  private readonly publicV6 = new BlockList();
  private readonly allowedHosts = new Set<string>();
  private readonly allowedAddresses = new BlockList();

  constructor(config: Config) {
    for (const range of SPECIAL_V4) add(this.special, range);
    for (const range of SPECIAL_V6) add(this.special, range);
    add(this.publicV6, '2000::/3');
    for (const entry of config.git.allowedPrivateHosts) {
      if (isIP(entry.split('/')[0] ?? '')) add(this.allowedAddresses, entry);
      else this.allowedHosts.add(entry.toLowerCase());
    }
  }

  /** The address to connect to, and no other: what a name means may change the next moment. Throws GitError. */
  async resolve(host: string): Promise<string> {
    const addresses = isIP(host) ? [host] : await addressesOf(host);
    const refused = addresses.find((address) => !this.allows(host, address));
    if (refused !== undefined || addresses[0] === undefined) throw notAllowed(host);
    return addresses[0];
  }

  /** Of a host that is written as an address, this is known before anything is resolved. */
  allows(host: string, address: string): boolean {
    return this.isPublic(address) || this.allowedHosts.has(host.toLowerCase()) || has(this.allowedAddresses, address);
  }

  isPublic(address: string): boolean {
    if (isIP(address) === 4) return !has(this.special, address);
    return has(this.publicV6, address) && !has(this.special, address);
  }
}

function notAllowed(host: string): GitError {
  return new GitError(
    'not-allowed',
    `${host} is not a public address, and private ones may be cloned from only when the operator lists them.`,
  );
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND') throw new GitError('not-found', `There is no host named ${host}.`, { cause });
    throw new GitError('unreachable', `The name ${host} could not be looked up.`, { cause });
  }
}

function add(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}

function has(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
