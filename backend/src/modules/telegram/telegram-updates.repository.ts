import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';

/** Records the updates that were handled, because Telegram redelivers updates. */
@Injectable()
export class TelegramUpdatesRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Handles the update in the transaction that records it; does nothing for an update that is recorded. */
  handleOnce(updateId: number, handle: (db: Db) => Promise<void>): Promise<void> {
    return this.prisma.$transaction(async (db) => {
      const { count } = await db.telegramUpdate.createMany({ data: { updateId }, skipDuplicates: true });
      if (count > 0) await handle(db);
    });
  }

  /** Telegram retains unconfirmed updates for a day. */
  async deleteOld(): Promise<void> {
    await this.prisma.$executeRaw`DELETE FROM "TelegramUpdate" WHERE "receivedAt" < now() - interval '7 days'`;
  }
}
