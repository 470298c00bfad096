import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { type LinkState, MagicLinksRepository } from '#src/modules/auth/magic-links.repository.js';
import { Outbox } from './outbox.js';
import { messageOf } from './update-context.js';

const TEXTS: Record<Exclude<LinkState, 'usable'>, string> = {
  used: 'This link was used: /api_list shows the key. Was it not you? /api_revoke.',
  expired: 'This link has expired. /api_create creates a new one.',
  voided: 'This link was replaced by a newer one.',
};

/** Replaces the bot's message with a link when the link is used, expired or voided. */
@Injectable()
export class LinkMessages implements OnModuleInit {
  constructor(
    private readonly links: MagicLinksRepository,
    private readonly outbox: Outbox,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('telegram.link-ended', ({ linkId }) => this.end(linkId), 'messages');
  }

  private async end(linkId: string): Promise<void> {
    const link = await this.links.byId(linkId);
    if (!link || link.state === 'usable' || link.messageId === null) return;
    const { telegramId, messageId, state } = link;
    const params = { ...messageOf(telegramId, TEXTS[state]), message_id: messageId };
    await this.outbox.add(this.links.db, telegramId, { method: 'editMessageText', params });
  }
}
