import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isAddressIn } from '#src/common/address-ranges.js';
import type { KeyHolder } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { FailedAuthentications } from '#src/core/rate-limits/failed-authentications.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { ApiKeysRepository, type KeyWithUser } from './api-keys.repository.js';
import { parseKey } from './key-format.js';
import { secretMatches } from './secret-hash.js';

/** How long a key's row is cached: a revocation takes effect after that even if its notification was lost. */
const ROW_TTL_MS = 1000;
/**
 * How long bcrypt's result is cached after the key's last use. The cache is keyed by the SHA-256 of the presented key,
 * and the result is bound to the stored hash.
 */
const VERDICT_TTL_MS = 60_000;
const TOUCH_EVERY_MS = 60_000;
const MAX_ENTRIES = 10_000;

interface Verified {
  row: KeyWithUser;
  /** Monotonic time; to the second, this is also when the key was last used. */
  rowReadAt: number;
}

/** Verifies API keys. bcrypt takes 57 ms of CPU, so its result is cached for a while, in this process only. */
@Injectable()
export class KeyVerifier implements OnModuleInit {
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_ENTRIES });
  private readonly pending = new Map<string, Promise<KeyWithUser | undefined>>();
  private readonly touched = new LRUCache<string, number>({ max: MAX_ENTRIES });

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly notifications: PgNotifications,
    private readonly failures: FailedAuthentications,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.notifications.on('key.revoked', ({ keyId }) => this.evict(keyId));
    this.notifications.on('reconnected', () => this.verified.clear());
  }

  /**
   * Returns undefined for every key that does not work, whatever the reason. Throws KEY_ADDRESS_NOT_ALLOWED, and after
   * too many failures of the client's address RATE_LIMITED for a key that was not verified within the last minute.
   */
  async verify(presented: string | string[] | undefined, ip: string | undefined): Promise<KeyHolder | undefined> {
    const key = typeof presented === 'string' ? presented : undefined;
    const digest = key && createHash('sha256').update(key).digest('base64');
    const known = digest ? this.verified.get(digest) : undefined;
    if (known && this.clock.monotonicMs() - known.rowReadAt < ROW_TTL_MS) return this.authenticate(known.row, ip);
    return digest ? this.authenticate(await this.rowOf(digest, key ?? '', ip), ip) : undefined;
  }

  private async authenticate(row: KeyWithUser | undefined, ip: string | undefined): Promise<KeyHolder | undefined> {
    const now = this.clock.now();
    if (!row || row.revokedAt || (row.expiresAt && row.expiresAt <= now)) return undefined;
    const { userId, keyId, scopes, expiresAt, allowAddresses } = row;
    if (allowAddresses.length > 0 && !isAddressIn(allowAddresses, ip)) await this.refuseAddress(ip);
    this.touch(keyId, now);
    const environmentIds = row.environmentIds.length > 0 ? row.environmentIds : null;
    return { userId, keyId, scopes, expiresAt, environmentIds, isAdmin: scopes.includes('ADMIN') };
  }

  /** Counts as a failure: the rate limit of the user does not count these requests. */
  private async refuseAddress(ip: string | undefined): Promise<never> {
    await this.failures.count(ip);
    throw new DomainError('KEY_ADDRESS_NOT_ALLOWED', {
      detail: 'This key does not work from the address of this client.',
      hint: 'Use it from an allowed address: GET /auth/keys with another key of its user lists them.',
    });
  }

  private rowOf(digest: string, presented: string, ip: string | undefined): Promise<KeyWithUser | undefined> {
    const inFlight = this.pending.get(digest);
    if (inFlight) return inFlight;
    const check = this.check(digest, presented, ip).finally(() => this.pending.delete(digest));
    this.pending.set(digest, check);
    return check;
  }

  private async check(digest: string, presented: string, ip: string | undefined): Promise<KeyWithUser | undefined> {
    const parts = parseKey(presented);
    if (!parts) return undefined;
    const now = this.clock.monotonicMs();
    const known = this.verified.get(digest);
    const recent = known && now - known.rowReadAt < VERDICT_TTL_MS ? known : undefined;
    if (!recent) await this.failures.refuseTooMany(ip);
    const row = await this.keys.byKeyId(parts.keyId);
    const isProven = recent && row && recent.row.secretHash === row.secretHash;
    const compare = () => secretMatches(parts.secret, row?.secretHash);
    if (!isProven && !(await this.failures.during(ip, compare))) return undefined;
    if (!row) return undefined;
    this.verified.set(digest, { row, rowReadAt: now });
    return row;
  }

  private evict(keyId: string): void {
    for (const [digest, { row }] of [...this.verified.entries()]) if (row.keyId === keyId) this.verified.delete(digest);
  }

  /** Updates `lastUsedAt` without delaying the request, at most once a minute per key. */
  private touch(keyId: string, now: Date): void {
    const last = this.touched.get(keyId);
    const nowMs = this.clock.monotonicMs();
    if (last !== undefined && nowMs - last < TOUCH_EVERY_MS) return;
    this.touched.set(keyId, nowMs);
    this.keys.touch(keyId, now).catch(() => this.touched.delete(keyId));
  }
}
