import { Injectable } from '@nestjs/common';
import { IdSource } from '#src/common/time/id-source.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { digestOf } from './secret-hash.js';

export const PAIRING_LIFE_MINUTES = 15;

/** One-time codes that make who opens them in the bot an operator. A new one voids those before it. */
@Injectable()
export class Pairing {
  constructor(private readonly ids: IdSource) {}

  async create(db: Db): Promise<string> {
    const code = this.ids.linkToken();
    await db.$executeRaw`UPDATE "PairingCode" SET "expiresAt" = now() WHERE "usedAt" IS NULL AND "expiresAt" > now()`;
    await db.$executeRaw`
      INSERT INTO "PairingCode" (code, "expiresAt") VALUES (${digestOf(code)}, now() + ${PAIRING_LIFE_MINUTES} * interval '1 minute')`;
    return code;
  }

  /** True for who is first with it, while it lives. */
  async use(db: Db, code: string): Promise<boolean> {
    const count = await db.$executeRaw`
      UPDATE "PairingCode" SET "usedAt" = now() WHERE code = ${digestOf(code)} AND "usedAt" IS NULL AND "expiresAt" > now()`;
    return count > 0;
  }
}

export function pairingLink(botName: string, code: string): string {
  return `https://t.me/${botName}?start=${code}`;
}
