import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { cutText } from '#src/common/cut-text.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { TelegramApi, type TelegramCall } from '#src/integrations/telegram/telegram-api.js';
import { TelegramError } from '#src/integrations/telegram/telegram-error.js';
import { BotUsersRepository } from './bot-users.repository.js';
import { partsOf, plainText } from './message-parts.js';

const CONTEXT = 'telegram/send';
/** The longest rate limit that the job waits for; otherwise the job is retried later. */
const MAX_RATE_LIMIT_SECONDS = 60;
/** Of a text that Telegram refuses as too long or as wrong HTML: then it is sent as plain text. */
const PLAIN_LENGTH = 3000;
/** The message shows the text already, or the progress display of the button has ended by itself. */
const HARMLESS = /message is not modified|query is too old/i;

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
    for (const part of partsOf(call)) {
      const sealed = this.secrets.seal(JSON.stringify(part), CONTEXT);
      await this.jobs.add(db, 'telegram.send', { sealed }, { queueName: `telegram/${chatId}` });
    }
  }

  private async send(call: TelegramCall, signal: AbortSignal): Promise<void> {
    try {
      await this.api.call(call, signal);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      await this.recover(call, error, signal);
    }
  }

  /** Sends again where that can help. Throws to leave the retry to the queue, with its backoff. */
  private async recover(call: TelegramCall, error: TelegramError, signal: AbortSignal): Promise<void> {
    const { kind, retryAfterSeconds = 1, message } = error;
    if (kind === 'forbidden') {
      this.logger.warn(`a message is lost, and notifications of its user are off: ${message}`);
      return this.users.disableNotifications(String(call.params['chat_id']));
    }
    if (kind === 'refused') return this.resendChanged(call, message, signal);
    if (kind !== 'rate-limited' || retryAfterSeconds > MAX_RATE_LIMIT_SECONDS) {
      this.logger.warn(`a message is retried later: ${message}`);
      throw error;
    }
    await delay(retryAfterSeconds * 1000, undefined, { signal });
    return this.send(call, signal);
  }

  /** Telegram refuses the call as it is: sends once what it may accept. */
  private async resendChanged(call: TelegramCall, message: string, signal: AbortSignal): Promise<void> {
    const params = acceptable(call, message);
    if (params !== undefined) await this.send({ ...call, params }, signal);
    else if (!HARMLESS.test(message)) this.logger.warn(`a message is lost, Telegram refuses it: ${message}`);
  }
}

/**
 * Params without what Telegram complains about: a button with a link to a host without a public name (then the text
 * contains the link), or HTML and length. Undefined when nothing can be changed.
 */
function acceptable(call: TelegramCall, message: string): Record<string, unknown> | undefined {
  const { params } = call;
  const text = String(params['text']);
  const url = /button|url/i.test(message) ? urlOf(call) : undefined;
  if (url !== undefined) return { ...params, text: `${text}\n\n${url}`, reply_markup: undefined };
  if (params['parse_mode'] === undefined || !/too long|parse entities/i.test(message)) return undefined;
  return { ...params, text: cutText(plainText(text), PLAIN_LENGTH), parse_mode: undefined };
}

function urlOf({ params }: TelegramCall): string | undefined {
  const markup = params['reply_markup'] as { inline_keyboard?: { url?: string }[][] } | undefined;
  return markup?.inline_keyboard?.flat().find(({ url }) => url !== undefined)?.url;
}
