import { setTimeout as delay } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { InjectBot } from 'nestjs-telegraf';
import type { Telegraf } from 'telegraf';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { NonCriticalHealth, type ComponentHealth } from '#src/core/health/non-critical-health.js';
import { TelegramApi } from '#src/integrations/telegram/telegram-api.js';
import { TelegramError, type TelegramErrorKind } from '#src/integrations/telegram/telegram-error.js';
import { COMMANDS } from './bot-commands.js';
import { OperatorPairing } from './operator-pairing.js';
import { UpdateHandler } from './update-handler.js';

export const WEBHOOK_PATH = '/telegram/webhook';
const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;
const WEBHOOK_CHECK_INTERVAL_MS = 60_000;
/** Retry delays of errors that an operator has to resolve. */
const RETRY_DELAYS_MS: Partial<Record<TelegramErrorKind, number>> = { unauthorized: MAX_BACKOFF_MS, conflict: 10_000 };

/**
 * Receives updates from Telegram, by long polling or the webhook. Its failures affect nothing else; `/health` reports
 * them.
 */
@Injectable()
export class BotConnection implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BotConnection.name);
  private readonly closing = new AbortController();
  private health: ComponentHealth = { status: 'down', message: 'the bot has not reached Telegram yet' };
  private offset = 0;
  private running: Promise<void> | undefined;

  constructor(
    @InjectBot() private readonly bot: Telegraf,
    private readonly api: TelegramApi,
    private readonly updates: UpdateHandler,
    private readonly pairing: OperatorPairing,
    private readonly secrets: SecretBox,
    private readonly healthChecks: NonCriticalHealth,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.healthChecks.register('telegram', () => Promise.resolve(this.health));
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  /** The secret that Telegram sends with every update. */
  get webhookSecret(): string {
    return this.secrets.subkey('telegram/webhook').toString('hex');
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    let backoffMs = MIN_BACKOFF_MS;
    while (!signal.aborted) {
      try {
        if (!this.bot.botInfo) await this.introduce(signal);
        await (this.config.telegram.isWebhook ? this.watchWebhook(signal) : this.poll(signal));
        backoffMs = MIN_BACKOFF_MS;
      } catch (error) {
        if (signal.aborted) return;
        const delayMs = this.delayAfter(error, backoffMs);
        backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
        await delay(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async introduce(signal: AbortSignal): Promise<void> {
    const me = await this.api.getMe(signal);
    await this.api.call({ method: 'setMyCommands', params: { commands: COMMANDS } }, signal);
    await this.api.call(this.webhookCall(), signal);
    await this.pairing.offer(me.username);
    this.bot.botInfo = me;
    this.up();
    this.logger.log(`the bot is @${me.username}`);
  }

  private webhookCall(): { method: string; params: Record<string, unknown> } {
    const { telegram, http } = this.config;
    if (!telegram.isWebhook) return { method: 'deleteWebhook', params: {} };
    const params = {
      url: `${http.publicBaseUrl}${WEBHOOK_PATH}`,
      secret_token: this.webhookSecret,
      allowed_updates: ['message', 'callback_query'],
    };
    return { method: 'setWebhook', params };
  }

  private async poll(signal: AbortSignal): Promise<void> {
    const received = await this.api.getUpdates(this.offset, signal);
    this.up();
    for (const update of received) {
      await this.updates.handle(update);
      this.offset = update.update_id + 1;
    }
  }

  private async watchWebhook(signal: AbortSignal): Promise<void> {
    const info = (await this.api.call({ method: 'getWebhookInfo', params: {} }, signal)) as {
      last_error_message?: string;
      last_error_date?: number;
    };
    const age = Date.now() - (info.last_error_date ?? 0) * 1000;
    if (info.last_error_message && age < 2 * WEBHOOK_CHECK_INTERVAL_MS)
      this.health = { status: 'down', message: `Telegram cannot call the bot: ${safeText(info.last_error_message)}` };
    else this.up();
    await delay(WEBHOOK_CHECK_INTERVAL_MS, undefined, { signal });
  }

  private up(): void {
    this.health = { status: 'up' };
  }

  private delayAfter(error: unknown, backoffMs: number): number {
    if (!(error instanceof TelegramError)) {
      this.logger.warn(
        `update not handled, waiting for redelivery: ${error instanceof Error ? error.name : 'unknown'}`,
      );
      return Math.min(backoffMs, 5000);
    }
    const { kind, message, retryAfterSeconds } = error;
    const reason =
      kind === 'unauthorized' ? 'Telegram refuses TELEGRAM_BOT_TOKEN: it is wrong or was revoked' : message;
    if (this.health['message'] !== reason) this.logger.warn(reason);
    this.health = { status: 'down', message: reason };
    if (kind === 'unauthorized') this.bot.botInfo = undefined;
    return retryAfterSeconds === undefined ? (RETRY_DELAYS_MS[kind] ?? backoffMs) : retryAfterSeconds * 1000;
  }
}
