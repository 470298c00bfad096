import { isRangeWithin } from '#src/common/address-ranges.js';
import type { Scope } from '#src/common/decorators/access.js';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { invalidField } from '#src/common/errors/domain-error.js';

/** Name of a key: it is shown in terminals and in the bot. */
export const KEY_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@/-]{0,62}[A-Za-z0-9])?$/;
export const KEY_NAME_RULE = 'must be 1 to 64 letters, digits, spaces or . _ @ / -; first and last a letter or digit';
export const MAX_BOUND_ENVIRONMENTS = 50;
export const MAX_ADDRESS_RANGES = 50;
const MAX_TTL_YEARS = 100;

/** What a key may do. Empty lists bind to nothing: every environment of the user, every address. */
export interface KeyBounds {
  scopes: Scope[];
  environmentIds: string[];
  expiresAt: Date | null;
  allowAddresses: string[];
}

/** Bounds that a request gives; the others are those of the key that makes the new one. */
export type WantedBounds = Pick<KeyBounds, 'scopes'> & Partial<Omit<KeyBounds, 'scopes'>>;

/**
 * Returns the bounds of a new key. Throws INSUFFICIENT_SCOPE or VALIDATION_FAILED when they are wider than those of its
 * maker. The caller checks the environments: one outside the maker's does not exist for it.
 */
export function boundsOfNewKey(caller: Caller, maker: KeyBounds, wanted: WantedBounds, now: Date): KeyBounds {
  requireScope(caller, ...wanted.scopes);
  const { environmentIds = maker.environmentIds, allowAddresses = maker.allowAddresses } = wanted;
  const { expiresAt = maker.expiresAt } = wanted;
  if (wanted.expiresAt) checkExpiry(wanted.expiresAt, maker.expiresAt, now);
  const outside = allowAddresses.findIndex(
    (range) => maker.allowAddresses.length > 0 && !isRangeWithin(range, maker.allowAddresses),
  );
  if (outside !== -1)
    throw invalidField(`allowAddresses.${outside}`, 'must be within the addresses of the key that you use now');
  return { scopes: wanted.scopes, environmentIds, expiresAt, allowAddresses };
}

/** A key that is bound to environments knows only itself and keys that are bound to some of the same environments. */
export function knowsKey(
  { keyId, environmentIds }: Pick<Caller, 'keyId' | 'environmentIds'>,
  other: { keyId: string; environmentIds: string[] },
): boolean {
  if (environmentIds === null || other.keyId === keyId) return true;
  return other.environmentIds.length > 0 && other.environmentIds.every((id) => environmentIds.includes(id));
}

function checkExpiry(expiresAt: Date, makersExpiry: Date | null, now: Date): void {
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_TTL_YEARS);
  if (expiresAt <= now) throw invalidField('expiresAt', 'must be in the future');
  if (expiresAt > latest) throw invalidField('expiresAt', `must be within ${MAX_TTL_YEARS} years`);
  if (makersExpiry && expiresAt > makersExpiry)
    throw invalidField('expiresAt', `must not be after ${makersExpiry.toISOString()}, the expiry of your key`);
}
