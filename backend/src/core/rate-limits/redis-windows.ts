import { Logger } from '@nestjs/common';
import { createClient, type RedisClientType } from '@redis/client';
import type { ComponentHealth } from '#src/core/health/non-critical-health.js';
import { recordOf, type WindowRecord, WindowStorage } from './window-storage.js';

const PREFIX = 'berth:window:';
const CONNECT_TIMEOUT_MS = 2000;
const COMMAND_TIMEOUT_MS = 1000;
const MAX_DELAY_MS = 2000;
/** Atomic, so that no counter is left without an expiry. */
const COUNT = `local hits = redis.call('INCR', KEYS[1])
if hits == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {hits, redis.call('PTTL', KEYS[1])}`;

/** Does nothing when the window has ended. */
const TAKE_BACK = `if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end`;

/**
 * Counts in Redis for all API processes. While Redis is unavailable each process counts in memory: limits are looser,
 * and requests still served.
 */
export class RedisWindows extends WindowStorage {
  private readonly logger = new Logger(RedisWindows.name);
  private readonly client: RedisClientType;

  constructor(
    url: string,
    private readonly fallback: WindowStorage,
  ) {
    super();
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      commandOptions: { timeout: COMMAND_TIMEOUT_MS },
      socket: {
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectStrategy: (attempt) => Math.min(100 * 2 ** attempt, MAX_DELAY_MS),
      },
    });
    let unavailable = false;
    this.client.on('error', (error: Error) => {
      if (!unavailable) this.logger.warn(`Redis is unavailable: ${error.message}`);
      unavailable = true;
    });
    this.client.on('ready', () => {
      if (unavailable) this.logger.log('Redis is available again');
      unavailable = false;
    });
  }

  /** Connects in the background. */
  open(): this {
    this.client.connect().catch(() => undefined);
    return this;
  }

  close(): void {
    this.client.destroy();
  }

  async health(): Promise<ComponentHealth> {
    try {
      await this.client.ping();
      return { status: 'up' };
    } catch {
      return { status: 'down', message: 'Redis does not answer: each API process counts the limits for itself' };
    }
  }

  override async increment(key: string, ttl: number, limit: number): Promise<WindowRecord> {
    try {
      const answer = await this.client.eval(COUNT, { keys: [PREFIX + key], arguments: [String(ttl)] });
      const [hits, remainingMs] = answer as [number, number];
      return recordOf(hits, remainingMs, limit);
    } catch {
      return this.fallback.increment(key, ttl, limit);
    }
  }

  override async peek(key: string, limit: number): Promise<WindowRecord | undefined> {
    try {
      const [hits, remainingMs] = await Promise.all([this.client.get(PREFIX + key), this.client.pTTL(PREFIX + key)]);
      return hits === null ? undefined : recordOf(Number(hits) + 1, remainingMs, limit);
    } catch {
      return this.fallback.peek(key, limit);
    }
  }

  override async takeBack(key: string): Promise<void> {
    try {
      await this.client.eval(TAKE_BACK, { keys: [PREFIX + key] });
    } catch {
      await this.fallback.takeBack(key);
    }
  }
}
