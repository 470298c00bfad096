import type { Revocation } from './api-keys.repository.js';

/** Says that a key is revoked, which hooks end with it, and which keys that it made do not. */
export function revocationText(keyId: string, { suspendedHooks, remainingKeys }: Revocation): string {
  const names = suspendedHooks.map(({ name }) => name).join(', ');
  const suspended = suspendedHooks.length === 0 ? '' : ` Pushes no longer redeploy ${names}: the key made these hooks.`;
  return `API key ${keyId} is revoked.${suspended}${remainingText(remainingKeys)}`;
}

/** Names the keys that a key made and that its revocation does not end; empty when there are none. */
export function remainingText(keys: Revocation['remainingKeys']): string {
  if (keys.length === 0) return '';
  const names = keys.map(({ keyId, name }) => (name === null ? keyId : `${name} (${keyId})`)).join(', ');
  return ` Keys that it made still work: ${names}. Revoke them one by one.`;
}
