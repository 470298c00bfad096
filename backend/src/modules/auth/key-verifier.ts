import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { KeyHolder } from '#src/common/decorators/caller.js';
import { Clock } from '#src/common/time/clock.js';
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
  /** ms; to the second, this is also when the key was last used */
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
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.notifications.on('key.revoked', ({ keyId }) => this.evict(keyId));
    this.notifications.on('reconnected', () => this.verified.clear());
  }

  /**
   * Returns undefined for every key that does not work, whatever the reason. Calls `preauthorize`, which may throw,
   * before it checks a key that was not verified within the last minute.
   */
  async verify(
    presented: string | string[] | undefined,
    preauthorize: () => Promise<void>,
  ): Promise<KeyHolder | undefined> {
    const key = typeof presented === 'string' ? presented : undefined;
    const digest = key && createHash('sha256').update(key).digest('base64');
    const known = digest ? this.verified.get(digest) : undefined;
    const now = this.clock.now().getTime();
    if (known && now - known.rowReadAt < ROW_TTL_MS) return this.authenticate(known.row);
    if (!known || now - known.rowReadAt >= VERDICT_TTL_MS) await preauthorize();
    return digest ? this.authenticate(await this.rowOf(digest, key ?? '')) : undefined;
  }

  private authenticate(row: KeyWithUser | undefined): KeyHolder | undefined {
    const now = this.clock.now();
    if (!row || row.revokedAt || (row.expiresAt && row.expiresAt <= now)) return undefined;
    this.touch(row.keyId, now);
    const { userId, keyId, scopes, expiresAt } = row;
    return { userId, keyId, scopes, expiresAt, isAdmin: scopes.includes('ADMIN') };
  }

  private rowOf(digest: string, presented: string): Promise<KeyWithUser | undefined> {
    const inFlight = this.pending.get(digest);
    if (inFlight) return inFlight;
    const check = this.check(digest, presented, this.verified.get(digest)).finally(() => this.pending.delete(digest));
    this.pending.set(digest, check);
    return check;
  }

  private async check(
    digest: string,
    presented: string,
    known: Verified | undefined,
  ): Promise<KeyWithUser | undefined> {
    const parts = parseKey(presented);
    if (!parts) return undefined;
    const now = this.clock.now().getTime();
    const row = await this.keys.byKeyId(parts.keyId);
    const proven = known && row && known.row.secretHash === row.secretHash && now - known.rowReadAt < VERDICT_TTL_MS;
    if (!proven && !(await secretMatches(parts.secret, row?.secretHash))) return undefined;
    if (!row) return undefined;
    this.verified.set(digest, { row, rowReadAt: now });
    return row;
  }

  private evict(keyId: string): void {
    for (const [digest, { row }] of [...this.verified.entries()]) if (row.keyId === keyId) this.verified.delete(digest);
  }

  /** Updates `lastUsedAt` without delaying the request, at most once a minute per key. */
  private touch(keyId: string, now: Date): void {
    const last = this.touched.get(keyId) ?? 0;
    if (now.getTime() - last < TOUCH_EVERY_MS) return;
    this.touched.set(keyId, now.getTime());
    this.keys.touch(keyId, now).catch(() => this.touched.delete(keyId));
  }
}
