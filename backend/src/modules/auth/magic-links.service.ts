import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Origin } from '#src/common/decorators/origin.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { ApiKeysService, type MintedKey } from './api-keys.service.js';
import { type LinkRequest, MagicLinksRepository, type LinkView } from './magic-links.repository.js';
import { digestOf } from './secret-hash.js';

const TOKEN = /^[A-Za-z0-9_-]{32}$/;

/** One-time links that create one API key each. Only the hash of the token is stored. */
@Injectable()
export class MagicLinksService implements OnModuleInit {
  constructor(
    private readonly links: MagicLinksRepository,
    private readonly keys: ApiKeysService,
    private readonly audit: Audit,
    private readonly jobs: JobQueue,
    private readonly worker: JobWorker,
    private readonly ids: IdSource,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('auth.forget-links', () => this.links.deleteExpired());
    this.worker.schedule('auth.forget-links', '23 4 * * *');
  }

  /**
   * Creates a link, voids the user's earlier ones and returns its URL. `messageId`: the bot's message that will hold
   * it.
   */
  async create(db: Db, request: LinkRequest & { messageId: number | null }, origin: Origin): Promise<string> {
    await this.voidAll(db, request.userId, request.messageId);
    const token = this.ids.linkToken();
    const { id, expiresAt } = await this.links.create(db, digestOf(token), request);
    const { userId, scopes } = request;
    await this.audit.record(db, { action: 'link.created', userId, target: id, detail: { scopes } }, origin);
    await this.enqueueLinkEnded(db, id, expiresAt);
    return `${this.config.http.publicBaseUrl}/auth/verify?token=${token}`;
  }

  async voidAll(db: Db, userId: string, messageId: number | null = null): Promise<void> {
    for (const id of await this.links.void(db, userId, messageId)) await this.enqueueLinkEnded(db, id);
  }

  /** Uses the link and creates its key, for the first caller only. Throws MAGIC_LINK_INVALID, or API_KEY_QUOTA_EXCEEDED: the link can still be used then. */
  async verify(token: string, { ip, requestId }: Origin): Promise<MintedKey> {
    if (!TOKEN.test(token)) throw invalid();
    const origin: Origin = { via: 'LINK', ip, requestId };
    return this.links.transaction(async (db) => {
      const link = await this.links.use(db, digestOf(token));
      if (!link) throw invalid();
      const { id, userId, scopes, keyExpiresInSeconds, keyName: name, environmentIds, usedAt } = link;
      const expiresAt = keyExpiresInSeconds === null ? null : new Date(usedAt.getTime() + keyExpiresInSeconds * 1000);
      await this.keys.refuseAbove(db, userId, this.config.quota.keysPerUser);
      await this.audit.record(db, { action: 'link.used', userId, target: id }, origin);
      const minted = await this.keys.mint(db, { userId, name, scopes, environmentIds, expiresAt }, origin);
      await this.enqueueLinkEnded(db, id);
      return minted;
    });
  }

  /** Returns the link without using it; undefined when it does not exist. */
  async inspect(token: string): Promise<LinkView | undefined> {
    return TOKEN.test(token) ? this.links.byToken(digestOf(token)) : undefined;
  }

  /** Enqueues the removal of the link's button in the bot: now, or at `runAt`, when the link expires. */
  private async enqueueLinkEnded(db: Db, linkId: string, runAt?: Date): Promise<void> {
    if (!this.config.telegram.isOn) return;
    await this.jobs.add(
      db,
      'telegram.link-ended',
      { linkId },
      { key: `link-ended/${linkId}`, ...(runAt && { runAt }) },
    );
  }
}

function invalid(): DomainError {
  return new DomainError('MAGIC_LINK_INVALID', {
    detail: 'This link is unknown, was used, or has expired.',
    hint: 'Ask the bot for a new one with /api_create: a link works once, within 15 minutes.',
  });
}
