import { DomainError } from '#src/common/errors/domain-error.js';
import type { Config } from '#src/config/config.js';
import { parseDomainName } from './domain-name.js';

type Own = Pick<Config, 'http'>;

/** The name of the platform itself; undefined where its URL has none that a certificate could be had for. */
export function ownDomain({ http }: Own): string | undefined {
  return parseDomainName(new URL(http.publicBaseUrl).hostname);
}

/** A name that a user asks for, in the form in which it is kept. Throws INVALID_DOMAIN, naming the field. */
export function publicDomain(text: string, field: string, config: Own): string {
  const domain = parseDomainName(text);
  if (domain && domain !== ownDomain(config)) return domain;
  const message = domain
    ? 'must not be the name of the platform itself'
    : 'must be a host name such as shop.example.com';
  throw new DomainError('INVALID_DOMAIN', {
    detail: `${field} ${message}.`,
    errors: [{ path: field, message }],
    hint: 'No scheme, port, path, address or wildcard: only the name.',
  });
}
