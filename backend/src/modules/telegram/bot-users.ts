import { Injectable } from '@nestjs/common';
import type { Origin } from '#src/common/decorators/origin.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { User } from '#src/generated/prisma/client.js';
import { ApiKeysService } from '#src/modules/auth/api-keys.service.js';
import { MagicLinksService } from '#src/modules/auth/magic-links.service.js';

export const BOT: Origin = { via: 'TELEGRAM' };
const ASK_AGAIN_MS = 24 * 3_600_000;

/** Who may use the bot: whom the settings name, and whom an operator let in. Who was removed stays out, whatever the settings say, until let in again. */
@Injectable()
export class BotUsers {
  constructor(
    private readonly config: Config,
    private readonly keys: ApiKeysService,
    private readonly links: MagicLinksService,
    private readonly audit: Audit,
  ) {}

  /** Whoever writes is known from then on, and can be written to. */
  contact(db: Db, from: { id: number; username?: string | undefined }): Promise<User> {
    const telegramId = String(from.id);
    const telegramHandle = from.username ?? null;
    return db.user
      .upsert({ where: { telegramId }, create: { telegramId, telegramHandle }, update: { telegramHandle } })
      .then((user) =>
        user.notify === null ? db.user.update({ where: { id: user.id }, data: { notify: true } }) : user,
      );
  }

  isOperator({ telegramId, access }: User): boolean {
    return this.config.telegram.isAdmin(telegramId) || access === 'OPERATOR';
  }

  isAllowed(user: User): boolean {
    if (this.isOperator(user) || user.access === 'ALLOWED') return true;
    return user.access !== 'REMOVED' && this.config.telegram.isAllowed(user.telegramId);
  }

  /** Telegram ids. */
  async operators(db: Db): Promise<string[]> {
    const rows = await db.user.findMany({ where: { access: 'OPERATOR' }, select: { telegramId: true } });
    return [...new Set([...this.config.telegram.adminIds, ...rows.map(({ telegramId }) => telegramId)])];
  }

  /** Everybody who may use the bot and has written to it, or has keys. */
  async allowed(db: Db): Promise<User[]> {
    const all = await db.user.findMany({ orderBy: { createdAt: 'asc' } });
    return all.filter((user) => this.isAllowed(user));
  }

  byId(db: Db, id: string): Promise<User | null> {
    return db.user.findUnique({ where: { id } });
  }

  /** False when they have asked within the last day. */
  async requestAccess(db: Db, { id }: User, now: Date): Promise<boolean> {
    const { count } = await db.user.updateMany({
      where: {
        id,
        OR: [{ accessRequestedAt: null }, { accessRequestedAt: { lt: new Date(now.getTime() - ASK_AGAIN_MS) } }],
      },
      data: { accessRequestedAt: now },
    });
    if (count > 0) await this.audit.record(db, { action: 'user.asked', userId: id }, BOT);
    return count > 0;
  }

  async allow(db: Db, operator: User, { id }: User): Promise<void> {
    await db.user.update({ where: { id }, data: { access: 'ALLOWED', accessRequestedAt: null } });
    await this.audit.record(db, { action: 'user.allowed', userId: operator.id, target: id }, BOT);
  }

  async refuse(db: Db, operator: User, { id }: User): Promise<void> {
    await this.audit.record(db, { action: 'user.refused', userId: operator.id, target: id }, BOT);
  }

  async makeOperator(db: Db, { id }: User): Promise<void> {
    await db.user.update({ where: { id }, data: { access: 'OPERATOR' } });
    await this.audit.record(db, { action: 'operator.paired', userId: id }, BOT);
  }

  /** Their keys and links end with it: how many keys. What they run goes on. */
  async remove(db: Db, operator: User, { id }: User): Promise<number> {
    await db.user.update({ where: { id }, data: { access: 'REMOVED', accessRequestedAt: null } });
    await this.links.voidAll(db, id);
    const keys = await this.keys.revokeAllIn(db, id, operator.id, BOT);
    await this.audit.record(
      db,
      { action: 'user.removed', userId: operator.id, target: id, detail: { revokedKeys: keys } },
      BOT,
    );
    return keys;
  }
}

/** As others see them. */
export function nameOf({ telegramId, telegramHandle }: User): string {
  return telegramHandle === null ? telegramId : `@${telegramHandle} (${telegramId})`;
}
