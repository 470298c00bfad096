import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** `.edge` is added to it in Docker's DNS, and a name has 253 characters at most. */
const MAX_LENGTH = 248;
/** What a host name is written with, in any script. The rest would be taken apart by URL parsers: ports, escapes, brackets. */
const WRITTEN = /^(?:[\p{L}\p{M}\p{N}.-]|\p{Join_Control}){1,1000}$/u;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that no public certificate can be had for: RFC 6761, RFC 6762, RFC 7686, and ICANN's `internal`. */
const NOT_PUBLIC = new Set(['localhost', 'local', 'invalid', 'internal', 'onion', 'arpa']);

/** An ASCII or IDN host name in lower-case punycode without trailing dot; undefined for anything else. */
export function parseDomainName(text: string): string | undefined {
  if (!WRITTEN.test(text)) return undefined;
  const ascii = domainToASCII(text.replace(/\.$/, '')).toLowerCase();
  const labels = ascii.split('.');
  const last = labels.at(-1) ?? '';
  const valid =
    ascii.length <= MAX_LENGTH &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(last) &&
    !NOT_PUBLIC.has(last) &&
    isIP(ascii) === 0;
  return valid ? ascii : undefined;
}
