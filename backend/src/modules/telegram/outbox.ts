import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { TelegramApi, type TelegramCall } from '#src/integrations/telegram/telegram-api.js';
import { TelegramError } from '#src/integrations/telegram/telegram-error.js';
import { BotUsersRepository } from './bot-users.repository.js';

const CONTEXT = 'telegram/send';
/** The longest rate limit that the job waits for; otherwise the job is retried later. */
const MAX_RATE_LIMIT_SECONDS = 60;

/** Sends the bot's messages. A message is enqueued in the transaction of its cause, so it is sent if that commits. */
@Injectable()
export class Outbox implements OnModuleInit {
  private readonly logger = new Logger(Outbox.name);

  constructor(
    private readonly api: TelegramApi,
    private readonly jobs: JobQueue,
    private readonly worker: JobWorker,
    private readonly secrets: SecretBox,
    private readonly users: BotUsersRepository,
  ) {}

  onModuleInit(): void {
    this.worker.register(
      'telegram.send',
      ({ sealed }, signal) => this.send(JSON.parse(this.secrets.open(sealed, CONTEXT)) as TelegramCall, signal),
      'messages',
    );
  }

  /** Enqueues a call; those of one chat are sent in order. */
  async add(db: Db, chatId: string, call: TelegramCall): Promise<void> {
    const sealed = this.secrets.seal(JSON.stringify(call), CONTEXT);
    await this.jobs.add(db, 'telegram.send', { sealed }, { queueName: `telegram/${chatId}` });
  }

  private async send(call: TelegramCall, signal: AbortSignal): Promise<void> {
    try {
      await this.api.call(call, signal);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      const { kind, retryAfterSeconds = 1, message } = error;
      if (kind === 'forbidden') return this.users.disableNotifications(String(call.params['chat_id']));
      if (kind === 'refused') return this.resendWithoutButton(call, message, signal);
      if (kind !== 'rate-limited' || retryAfterSeconds > MAX_RATE_LIMIT_SECONDS) throw error;
      await delay(retryAfterSeconds * 1000, undefined, { signal });
      return this.send(call, signal);
    }
  }

  /** Telegram refuses a button with a link to a host without a public name: then the text contains the link. */
  private async resendWithoutButton(call: TelegramCall, message: string, signal: AbortSignal): Promise<void> {
    const url = /button|url/i.test(message) ? urlOf(call) : undefined;
    if (url === undefined) {
      this.logger.debug(`Telegram refused a message: ${message}`);
      return;
    }
    const params = { ...call.params, text: `${String(call.params['text'])}\n\n${url}`, reply_markup: undefined };
    await this.send({ ...call, params }, signal);
  }
}

function urlOf({ params }: TelegramCall): string | undefined {
  const markup = params['reply_markup'] as { inline_keyboard?: { url?: string }[][] } | undefined;
  return markup?.inline_keyboard?.flat().find(({ url }) => url !== undefined)?.url;
}
