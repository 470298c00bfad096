import { beforeEach, expect, it, vi } from 'vitest';
import type { Config } from '#src/config/config.js';
import type { PgNotifications } from '#src/core/database/pg-notifications.js';
import { FailedAuthentications } from '#src/core/rate-limits/failed-authentications.js';
import { MemoryWindows } from '#src/core/rate-limits/memory-windows.js';
import type { ApiKeysRepository } from './api-keys.repository.js';
import { formatKey } from './key-format.js';
import { KeyVerifier } from './key-verifier.js';
import { hashSecret } from './secret-hash.js';

const SECRET = 'aaaaaaaaaaaaaaaa';
const MAX_FAILURES = 20;
const IP = '192.0.2.1';
const key = formatKey({ keyId: 'kkkkkkkkkkkkkkkk', secret: SECRET });
const row = {
  keyId: 'kkkkkkkkkkkkkkkk',
  secretHash: '',
  userId: 'u',
  scopes: ['LOGS_READ'],
  expiresAt: null as Date | null,
};
const bounds = { environmentIds: [] as string[], allowAddresses: [] as string[] };
const touch = vi.fn(() => Promise.resolve());
let elapsedMs = 0;
let wallMs = Date.now();
let failures: FailedAuthentications;
let verifier: KeyVerifier;

beforeEach(async () => {
  Object.assign(bounds, { environmentIds: [], allowAddresses: [] });
  row.expiresAt = null;
  row.secretHash = await hashSecret(SECRET);
  const keys = { byKeyId: () => Promise.resolve({ ...row, ...bounds, revokedAt: null }), touch };
  const clock = { now: () => new Date(wallMs), monotonicMs: () => elapsedMs };
  const notifications = { on: () => undefined };
  const limits = { windowMs: 60_000, authFailures: MAX_FAILURES };
  failures = new FailedAuthentications(new MemoryWindows(clock), { limits } as Config);
  verifier = new KeyVerifier(
    keys as unknown as ApiKeysRepository,
    notifications as unknown as PgNotifications,
    failures,
    clock,
  );
});

const wrong = (index: number) => formatKey({ keyId: row.keyId, secret: String(index).padStart(16, 'w') });
const codeOf = (answer: PromiseSettledResult<unknown>) =>
  answer.status === 'fulfilled' ? answer.value : (answer.reason as { code: string }).code;

/** As ApiKeyGuard does it. */
async function present(presented = key, ip = IP) {
  const holder = await verifier.verify(presented, ip);
  if (!holder) await failures.count(ip);
  return holder;
}

it('a key in use must be verified once, and once more after a minute without use', async () => {
  const check = vi.spyOn(failures, 'during');
  for (let seconds = 0; seconds < 300; seconds += 20) {
    elapsedMs += 20_000;
    expect(await present()).toMatchObject({ keyId: row.keyId });
  }
  expect(check).toHaveBeenCalledTimes(1);
  elapsedMs += 60_000;
  expect(await present()).toMatchObject({ keyId: row.keyId });
  expect(check).toHaveBeenCalledTimes(2);
});

it('a key in use must be refused a second after its hash changes, and a wrong secret always', async () => {
  expect(await present()).toBeDefined();
  row.secretHash = await hashSecret('bbbbbbbbbbbbbbbb');
  elapsedMs += 1000;
  expect(await present()).toBeUndefined();
  expect(await present(wrong(1))).toBeUndefined();
});

it('a clock that is set back an hour must not extend a cached key', async () => {
  expect(await present()).toBeDefined();
  row.secretHash = await hashSecret('bbbbbbbbbbbbbbbb');
  wallMs -= 3_600_000;
  elapsedMs += 1000;
  expect(await present()).toBeUndefined();
});

it('wrong keys sent at one moment must be limited before bcrypt runs, and delay no other address', async () => {
  expect(await present()).toBeDefined();
  const guesses = Promise.allSettled(Array.from({ length: 200 }, (_, index) => present(wrong(index))));
  let decided = 0;
  void guesses.then(() => (decided = 200));
  expect(await present(wrong(999), '198.51.100.7')).toBeUndefined();
  expect(decided).toBe(0);
  const codes = (await guesses).map(codeOf);
  expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(200 - MAX_FAILURES);
  expect(await present()).toBeDefined(); // verified within the last minute
});

it('the same wrong key sent at one moment must be limited as well', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 200 }, () => present(wrong(1))));
  expect(answers.filter((answer) => codeOf(answer) === 'RATE_LIMITED').length).toBe(200 - MAX_FAILURES);
});

it('many valid keys of one address must all be accepted at one moment', async () => {
  const keyIds = Array.from({ length: 25 }, (_, index) => String(index).padStart(16, 'k'));
  const rows = keyIds.map((keyId) => ({ ...row, ...bounds, keyId }));
  const keys = {
    byKeyId: (keyId: string) => Promise.resolve({ ...rows.find((one) => one.keyId === keyId), revokedAt: null }),
    touch: () => Promise.resolve(),
  };
  Object.assign(verifier, { keys });
  const answers = await Promise.all(rows.map(({ keyId }) => present(formatKey({ keyId, secret: SECRET }))));
  expect(answers.filter((answer) => answer !== undefined)).toHaveLength(25);
}, 30_000); // 25 checks of bcrypt

it('addresses of one IPv6 network must be limited together', async () => {
  for (let index = 0; index < MAX_FAILURES; index++) await present('malformed', `2001:db8::${index + 1}`);
  await expect(present('malformed', '2001:db8::ffff')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(await present('malformed', '2001:db8:0:1::1')).toBeUndefined();
});

it('a cached key must be refused from the moment on in which it expires', async () => {
  row.expiresAt = new Date(wallMs + 10);
  expect(await present()).toMatchObject({ keyId: row.keyId });
  wallMs += 9;
  expect(await present()).toBeDefined();
  wallMs += 1;
  expect(await present()).toBeUndefined();
});

it('a key must be refused from an address that it does not allow, and must not count as used then', async () => {
  bounds.allowAddresses = ['198.51.100.0/24', '2001:db8::/32'];
  touch.mockClear();
  await expect(present()).rejects.toMatchObject({ code: 'KEY_ADDRESS_NOT_ALLOWED' });
  await expect(present(key, '')).rejects.toMatchObject({ code: 'KEY_ADDRESS_NOT_ALLOWED' });
  expect(touch).not.toHaveBeenCalled();
  expect(await present(key, '::ffff:198.51.100.9')).toBeDefined();
  expect(await present(key, '2001:db8::9')).toBeDefined();
  expect(touch).toHaveBeenCalledTimes(1);
});

it('requests from addresses that the key does not allow must be limited', async () => {
  bounds.allowAddresses = ['198.51.100.0/24'];
  for (let index = 0; index < MAX_FAILURES; index++)
    await expect(present()).rejects.toMatchObject({ code: 'KEY_ADDRESS_NOT_ALLOWED' });
  await expect(present()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});

it('a key without environments must be bound to none', async () => {
  expect(await present()).toMatchObject({ environmentIds: null });
  bounds.environmentIds = ['one'];
  elapsedMs += 1000;
  expect(await present()).toMatchObject({ environmentIds: ['one'] });
});
