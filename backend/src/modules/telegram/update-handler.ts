import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectBot } from 'nestjs-telegraf';
import type { Telegraf } from 'telegraf';
import type { CallbackQuery, Chat, Message, Update, User as Sender } from 'telegraf/types';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { BotUsers } from './bot-users.js';
import { Outbox } from './outbox.js';
import { TelegramUpdatesRepository } from './telegram-updates.repository.js';
import { messageOf, UpdateContext } from './update-context.js';

const MAX_ATTEMPTS = 5;

/**
 * Handles the updates from polling and from the webhook, each exactly once, however often Telegram delivers it.
 */
@Injectable()
export class UpdateHandler implements OnModuleInit {
  private readonly logger = new Logger(UpdateHandler.name);
  private readonly attempts = new Map<number, number>();

  constructor(
    @InjectBot() private readonly bot: Telegraf,
    private readonly updates: TelegramUpdatesRepository,
    private readonly worker: JobWorker,
    private readonly users: BotUsers,
    private readonly outbox: Outbox,
    private readonly context: UpdateContext,
  ) {}

  onModuleInit(): void {
    this.bot.catch((error) => {
      throw error;
    });
    this.worker.register('telegram.forget-updates', () => this.updates.deleteOld());
    this.worker.schedule('telegram.forget-updates', '41 4 * * *');
  }

  /**
   * Throws when Telegram must redeliver the update. After MAX_ATTEMPTS failures it skips the update, so later ones
   * proceed.
   */
  async handle(update: Update): Promise<void> {
    try {
      await this.updates.handleOnce(update.update_id, (db) => this.dispatch(db, update));
      this.attempts.delete(update.update_id);
    } catch (error) {
      const attempt = (this.attempts.get(update.update_id) ?? 0) + 1;
      this.attempts.set(update.update_id, attempt);
      if (isDatabaseUnavailable(error) || attempt < MAX_ATTEMPTS) throw error;
      this.attempts.delete(update.update_id);
      this.logger.error(`update ${update.update_id} skipped after ${MAX_ATTEMPTS} attempts: ${String(error)}`);
    }
  }

  private async dispatch(db: Db, update: Update): Promise<void> {
    if ('message' in update) return this.handleMessage(db, update, update.message);
    if ('callback_query' in update) return this.handleButton(db, update, update.callback_query);
  }

  private async handleMessage(db: Db, update: Update, { chat, from }: Message): Promise<void> {
    if (chat.type !== 'private') return this.replyToGroup(db, chat, update);
    if (from) await this.run(db, update, from, { messageId: null, callbackId: undefined });
  }

  /**
   * Accepts buttons of private chats only: in a group, every member can press them. A forged update can name any
   * message.
   */
  private async handleButton(db: Db, update: Update, { id, from, message }: CallbackQuery): Promise<void> {
    if (message?.chat.type === 'private' && message.chat.id === from.id)
      return this.run(db, update, from, { messageId: message.message_id, callbackId: id });
    const params = { callback_query_id: id, text: 'This button is not yours.', show_alert: true };
    await this.outbox.add(db, String(from.id), { method: 'answerCallbackQuery', params });
  }

  private async run(
    db: Db,
    update: Update,
    from: Sender,
    button: { messageId: number | null; callbackId: string | undefined },
  ): Promise<void> {
    const user = await this.users.contact(db, from);
    await this.context.run({ db, user, chatId: String(from.id), ...button }, () => this.bot.handleUpdate(update));
  }

  /** In a group, answers commands with a link to the private chat: keys must not be shown to others. */
  private async replyToGroup(db: Db, { id }: Chat, update: Update): Promise<void> {
    const text = 'message' in update && 'text' in update.message ? update.message.text : '';
    const name = this.bot.botInfo?.username ?? '';
    if (!/^\/\w+(@\w+)?\b/.test(text) || (text.includes('@') && !text.includes(`@${name}`))) return;
    const reply = `Please write to me privately: https://t.me/${name}`;
    await this.outbox.add(db, String(id), { method: 'sendMessage', params: messageOf(String(id), reply) });
  }
}
