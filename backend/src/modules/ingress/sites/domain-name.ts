import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** A DNS name has at most 253 characters, and `.edge` is appended in Docker's DNS. */
const MAX_LENGTH = 248;
/** Characters of a host name in any script. URL parsers would interpret others: ports, escapes, brackets. */
const CHARACTERS = /^(?:[\p{L}\p{M}\p{N}.-]|\p{Join_Control}){1,1000}$/u;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that no public CA issues certificates for: RFC 6761, RFC 6762, RFC 7686, and ICANN's `internal`. */
const NOT_PUBLIC = new Set(['localhost', 'local', 'invalid', 'internal', 'onion', 'arpa']);

/** Parses an ASCII or IDN host name to lower-case punycode without trailing dot; undefined for anything else. */
export function parseDomainName(text: string): string | undefined {
  if (!CHARACTERS.test(text)) return undefined;
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
