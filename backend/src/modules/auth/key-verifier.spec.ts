import { beforeEach, expect, it } from 'vitest';
import type { PgNotifications } from '#src/core/database/pg-notifications.js';
import type { ApiKeysRepository } from './api-keys.repository.js';
import { formatKey } from './key-format.js';
import { KeyVerifier } from './key-verifier.js';
import { hashSecret } from './secret-hash.js';

const SECRET = 'aaaaaaaaaaaaaaaa';
const key = formatKey({ keyId: 'kkkkkkkkkkkkkkkk', secret: SECRET });
const row = { keyId: 'kkkkkkkkkkkkkkkk', secretHash: '', userId: 'u', scopes: ['LOGS_READ'], expiresAt: null };
let now = 0;
let proofs: number;
let verifier: KeyVerifier;

beforeEach(async () => {
  proofs = 0;
  row.secretHash = await hashSecret(SECRET);
  const keys = { byKeyId: () => Promise.resolve({ ...row, revokedAt: null }), touch: () => Promise.resolve() };
  const clock = { now: () => new Date(now) };
  const notifications = { on: () => undefined };
  verifier = new KeyVerifier(keys as unknown as ApiKeysRepository, notifications as unknown as PgNotifications, clock);
});

const present = (presented = key) =>
  verifier.verify(presented, () => {
    proofs += 1;
    return Promise.resolve();
  });

it('a key in use must be verified once, and once more after a minute without use', async () => {
  for (let seconds = 0; seconds < 300; seconds += 20) {
    now += 20_000;
    expect(await present()).toMatchObject({ keyId: row.keyId });
  }
  expect(proofs).toBe(1);
  now += 60_000;
  expect(await present()).toMatchObject({ keyId: row.keyId });
  expect(proofs).toBe(2);
});

it('a key in use must be refused a second after its hash changes, and a wrong secret always', async () => {
  expect(await present()).toBeDefined();
  row.secretHash = await hashSecret('bbbbbbbbbbbbbbbb');
  now += 1000;
  expect(await present()).toBeUndefined();
  expect(await present(formatKey({ keyId: row.keyId, secret: 'cccccccccccccccc' }))).toBeUndefined();
});
