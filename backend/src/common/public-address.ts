import { BlockList, isIP } from 'node:net';

/**
 * Ranges outside the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sibling.
 */
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
/** Only 2000::/3 is public; these ranges in it wrap IPv4 or are reserved for documentation. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = new BlockList();
for (const range of [...SPECIAL_V4, ...SPECIAL_V6]) addRange(special, range);
const publicV6 = new BlockList();
addRange(publicV6, '2000::/3');

/** Whether an IPv4 or IPv6 address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  return !inRanges(special, address) && (isIP(address) === 4 || inRanges(publicV6, address));
}

/** Decides which hosts may be connected to: public ones, and private ones that the operator lists. */
export class PrivateHosts {
  private readonly hosts = new Set<string>();
  private readonly addresses = new BlockList();

  /** Entries are names, addresses and ranges. */
  constructor(entries: string[]) {
    for (const entry of entries) {
      if (isIP(entry.split('/')[0] ?? '')) addRange(this.addresses, entry);
      else this.hosts.add(entry.toLowerCase());
    }
  }

  /** `address` is one that the host resolves to. */
  allow(host: string, address: string): boolean {
    return isPublicAddress(address) || this.hosts.has(host.toLowerCase()) || inRanges(this.addresses, address);
  }
}

/** Adds a range, `10.1.0.0/16`, or one address to the list. */
export function addRange(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}

export function inRanges(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
