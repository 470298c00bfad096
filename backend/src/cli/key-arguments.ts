import { isAddressRange } from '#src/common/address-ranges.js';
import { KEY_NAME, KEY_NAME_RULE, MAX_ADDRESS_RANGES } from '#src/modules/auth/key-bounds.js';

/** The command line is invalid: the message says why, and the usage is printed after it. */
export class UsageError extends Error {}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_MS = 100 * 365 * UNIT_MS.d;

/** Parses `30d` from now on; null without a text: the key does not expire. Throws UsageError. */
export function parseExpiry(text: string | undefined, now: Date): Date | null {
  if (text === undefined) return null;
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (!(ms > 0 && ms <= MAX_MS)) throw new UsageError('--expires-in must be a number and s, m, h or d, such as 30d.');
  return new Date(now.getTime() + ms);
}

/** Checks `--name`; null without it. Throws UsageError. */
export function parseName(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!KEY_NAME.test(text)) throw new UsageError(`--name ${KEY_NAME_RULE}.`);
  return text;
}

/** Checks every `--allow`. Throws UsageError. */
export function parseAddresses(texts: string[] = []): string[] {
  const wrong = texts.find((text) => !isAddressRange(text));
  if (wrong !== undefined) throw new UsageError(`--allow ${wrong}: must be an address or a range: 203.0.113.0/24.`);
  if (texts.length > MAX_ADDRESS_RANGES) throw new UsageError(`--allow may be given ${MAX_ADDRESS_RANGES} times.`);
  return texts;
}
