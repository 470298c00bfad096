import { Injectable } from '@nestjs/common';
import type { Origin } from '#src/common/decorators/origin.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { User } from '#src/generated/prisma/client.js';
import { ApiKeysService } from '#src/modules/auth/api-keys.service.js';
import { MagicLinksService } from '#src/modules/auth/magic-links.service.js';
import { BotUsersRepository } from './bot-users.repository.js';

export const BOT: Origin = { via: 'TELEGRAM' };
const REQUEST_INTERVAL_MS = 24 * 3_600_000;

/** Counts of what a user's access consists of. */
export interface UserAccess {
  keys: number;
  hooks: number;
}

/**
 * Manages who may use the bot: users in the settings, and users whom an operator allowed. A removed user has no access,
 * even if in the settings, until an operator allows them.
 */
@Injectable()
export class BotUsers {
  constructor(
    private readonly rows: BotUsersRepository,
    private readonly config: Config,
    private readonly keys: ApiKeysService,
    private readonly links: MagicLinksService,
    private readonly audit: Audit,
  ) {}

  /** Stores the sender of a message, who can get messages from then on. */
  contact(db: Db, from: { id: number; username?: string | undefined }): Promise<User> {
    return this.rows.saveSender(db, String(from.id), from.username ?? null);
  }

  isOperator({ telegramId, access }: User): boolean {
    return this.config.telegram.isAdmin(telegramId) || access === 'OPERATOR';
  }

  isAllowed(user: User): boolean {
    if (this.isOperator(user) || user.access === 'ALLOWED') return true;
    return user.access !== 'REMOVED' && this.config.telegram.isAllowed(user.telegramId);
  }

  /** Returns the Telegram ids of the operators. */
  async operators(db?: Db): Promise<string[]> {
    return [...new Set([...this.config.telegram.adminIds, ...(await this.rows.operators(db))])];
  }

  /** Returns the known users (those who wrote to the bot or have keys) who may use it. */
  async allowed(db: Db): Promise<User[]> {
    return (await this.rows.all(db)).filter((user) => this.isAllowed(user));
  }

  byId(db: Db, id: string): Promise<User | null> {
    return this.rows.byId(db, id);
  }

  async setNotify(db: Db, { id }: User, notify: boolean): Promise<void> {
    await this.rows.update(db, id, { notify });
  }

  /** Records a request for access; false when the user has sent one within the last day. */
  async requestAccess(db: Db, { id }: User, now: Date): Promise<boolean> {
    const horizon = new Date(now.getTime() - REQUEST_INTERVAL_MS);
    const isRecorded = await this.rows.setAccessRequested(db, id, now, horizon);
    if (isRecorded) await this.audit.record(db, { action: 'user.asked', userId: id }, BOT);
    return isRecorded;
  }

  async allow(db: Db, operator: User, { id }: User): Promise<void> {
    await this.rows.update(db, id, { access: 'ALLOWED', accessRequestedAt: null });
    await this.audit.record(db, { action: 'user.allowed', userId: operator.id, target: id }, BOT);
  }

  async refuse(db: Db, operator: User, { id }: User): Promise<void> {
    await this.audit.record(db, { action: 'user.refused', userId: operator.id, target: id }, BOT);
  }

  async makeOperator(db: Db, { id }: User): Promise<void> {
    await this.rows.update(db, id, { access: 'OPERATOR' });
    await this.audit.record(db, { action: 'operator.paired', userId: id }, BOT);
  }

  /** What ends when the user is removed: active keys, and hooks, which no longer accept deliveries. */
  async accessOf(db: Db, { id }: User): Promise<UserAccess> {
    const [keys, hooks] = await Promise.all([this.keys.listOf(id), this.keys.countHooksOf(db, id)]);
    return { keys: keys.active.length, hooks };
  }

  /** Removes the user, and revokes their links and keys, which suspends hooks. Their deployments keep running. */
  async remove(db: Db, operator: User, { id }: User): Promise<UserAccess> {
    await this.rows.update(db, id, { access: 'REMOVED', accessRequestedAt: null });
    await this.links.voidAll(db, id);
    const keys = await this.keys.revokeAllIn(db, id, operator.id, BOT);
    const hooks = await this.keys.countHooksOf(db, id);
    await this.audit.record(
      db,
      { action: 'user.removed', userId: operator.id, target: id, detail: { revokedKeys: keys, suspendedHooks: hooks } },
      BOT,
    );
    return { keys, hooks };
  }
}

/** Returns the name that other users see. */
export function nameOf({ telegramId, telegramHandle }: User): string {
  return telegramHandle === null ? telegramId : `@${telegramHandle} (${telegramId})`;
}
