import { DomainError } from '#src/common/errors/domain-error.js';
import type { Config } from '#src/config/config.js';
import { parseDomainName } from './domain-name.js';

type HttpConfig = Pick<Config, 'http'>;

/** Returns the platform's own name; undefined when no certificate can be issued for the host of its URL. */
export function platformDomain({ http }: HttpConfig): string | undefined {
  return parseDomainName(new URL(http.publicBaseUrl).hostname);
}

/** Parses a domain name from a request. Throws INVALID_DOMAIN, naming the field. */
export function publicDomain(text: string, field: string, config: HttpConfig): string {
  const domain = parseDomainName(text);
  if (domain && domain !== platformDomain(config)) return domain;
  const message = domain
    ? 'must not be the name of the platform itself'
    : 'must be a host name such as shop.example.com';
  throw new DomainError('INVALID_DOMAIN', {
    detail: `${field} ${message}.`,
    errors: [{ path: field, message }],
    hint: 'No scheme, port, path, address or wildcard: only the name.',
  });
}
