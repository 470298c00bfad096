import { ValidateBy } from 'class-validator';
import { isAddressRange } from '#src/common/address-ranges.js';
import { MAX_ADDRESS_RANGES } from './key-bounds.js';

const RULE = `must be a list of 1 to ${MAX_ADDRESS_RANGES} addresses or ranges, such as 203.0.113.0/24 or 2001:db8::1`;

/** Accepts a list of IPv4 and IPv6 addresses and ranges. */
export function AddressRanges(): PropertyDecorator {
  return ValidateBy({
    name: 'addressRanges',
    validator: {
      validate: (value: unknown) =>
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= MAX_ADDRESS_RANGES &&
        value.every((range: unknown) => typeof range === 'string' && isAddressRange(range)),
      defaultMessage: () => RULE,
    },
  });
}
