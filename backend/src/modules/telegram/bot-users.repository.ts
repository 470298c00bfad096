import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { User } from '#src/generated/prisma/client.js';

/** Stores what the bot knows of users: their access, and whether they get messages. */
@Injectable()
export class BotUsersRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Stores the sender of a message, who can get messages from then on. */
  async saveSender(db: Db, telegramId: string, telegramHandle: string | null): Promise<User> {
    const user = await db.user.upsert({
      where: { telegramId },
      create: { telegramId, telegramHandle },
      update: { telegramHandle },
    });
    return user.notify === null ? db.user.update({ where: { id: user.id }, data: { notify: true } }) : user;
  }

  byId(db: Db, id: string): Promise<User | null> {
    return db.user.findUnique({ where: { id } });
  }

  /** Oldest first. */
  all(db: Db): Promise<User[]> {
    return db.user.findMany({ orderBy: { createdAt: 'asc' } });
  }

  /** Returns the Telegram ids of those whom a pairing code made operators. */
  async operators(db: Db = this.prisma): Promise<string[]> {
    const rows = await db.user.findMany({ where: { access: 'OPERATOR' }, select: { telegramId: true } });
    return rows.map(({ telegramId }) => telegramId);
  }

  async update(
    db: Db,
    id: string,
    data: Partial<Pick<User, 'access' | 'accessRequestedAt' | 'notify'>>,
  ): Promise<void> {
    await db.user.update({ where: { id }, data });
  }

  /** Sets the time of a request for access, unless the last one is not older than `horizon`: false. */
  async setAccessRequested(db: Db, id: string, accessRequestedAt: Date, horizon: Date): Promise<boolean> {
    const { count } = await db.user.updateMany({
      where: { id, OR: [{ accessRequestedAt: null }, { accessRequestedAt: { lt: horizon } }] },
      data: { accessRequestedAt },
    });
    return count > 0;
  }

  /** The user has blocked the bot: turns off notifications until the user writes to it. */
  async disableNotifications(telegramId: string): Promise<void> {
    await this.prisma.user.updateMany({ where: { telegramId }, data: { notify: null } });
  }
}
