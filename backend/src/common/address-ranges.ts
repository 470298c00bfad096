import { BlockList, isIP } from 'node:net';
import { addRange, inRanges } from './public-address.js';

const BITS = { 4: 32, 6: 128 } as const;
const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Whether the text is an address or a range of addresses, such as `203.0.113.7` or `2001:db8::/32`. */
export function isAddressRange(text: string): boolean {
  const { address, family, prefix } = parts(text);
  if (family === 0 || address.includes('%') || text.split('/').length > 2) return false;
  // An IPv4 address in IPv6 form is compared as the IPv4 address, so that a range of that form would match nothing.
  if (family === 6 && MAPPED.check(address, 'ipv6')) return false;
  return Number.isInteger(prefix) && prefix >= 0 && prefix <= BITS[family];
}

/** Whether one of the ranges holds the address. An IPv4 address in IPv6 form counts as the IPv4 address. */
export function isAddressIn(ranges: string[], ip: string | undefined): boolean {
  const [withoutZone = ''] = (ip ?? '').split('%');
  const address = withoutZone.replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (isIP(address) === 0) return false;
  const list = new BlockList();
  // Of one family only: BlockList takes `::/0` to hold every IPv4 address.
  for (const range of ranges) if (parts(range).family === isIP(address)) addRange(list, range);
  return inRanges(list, address);
}

/** Whether one of the outer ranges holds the whole range. */
export function isRangeWithin(range: string, outer: string[]): boolean {
  const { address, prefix } = parts(range);
  return outer.some((one) => parts(one).prefix <= prefix && isAddressIn([one], address));
}

function parts(text: string): { address: string; family: 0 | 4 | 6; prefix: number } {
  const [address = '', digits] = text.split('/');
  const family = isIP(address) as 0 | 4 | 6;
  const whole = family === 0 ? 0 : BITS[family];
  if (digits === undefined) return { address, family, prefix: whole };
  return { address, family, prefix: /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Number.NaN };
}
