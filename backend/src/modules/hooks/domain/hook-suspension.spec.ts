import { expect, it } from 'vitest';
import { suspensionOf } from './hook-suspension.js';

const now = new Date('2026-01-01T00:00:00Z');
const past = new Date('2025-12-31T00:00:00Z');
const future = new Date('2026-01-02T00:00:00Z');
const owner = { user: { access: 'ALLOWED' } } as const;
const removed = { user: { access: 'REMOVED' } } as const;

it('a hook must end with the key that made it, and with its user', () => {
  const of = (key: Parameters<typeof suspensionOf>[0]['key'], environment: typeof owner | typeof removed = owner) =>
    suspensionOf({ key, environment }, now);
  expect(of(null)).toBeNull();
  expect(of({ revokedAt: null, expiresAt: null })).toBeNull();
  expect(of({ revokedAt: null, expiresAt: future })).toBeNull();
  expect(of({ revokedAt: past, expiresAt: null })).toContain('revoked');
  expect(of({ revokedAt: null, expiresAt: past })).toContain('expired');
  expect(of(null, removed)).toContain('removed');
  expect(of({ revokedAt: null, expiresAt: null }, removed)).toContain('removed');
});
