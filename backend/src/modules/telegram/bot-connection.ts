import { setTimeout as delay } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectBot } from 'nestjs-telegraf';
import type { Telegraf } from 'telegraf';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { NonCriticalHealth, type ComponentHealth } from '#src/core/health/non-critical-health.js';
import { TelegramApi } from '#src/integrations/telegram/telegram-api.js';
import { TelegramError, type TelegramErrorKind } from '#src/integrations/telegram/telegram-error.js';
import { Pairing, PAIRING_TTL_MINUTES, pairingLink } from '#src/modules/auth/pairing.js';
import { COMMANDS } from './bot-commands.js';
import { BotUsers } from './bot-users.js';
import { UpdateHandler } from './update-handler.js';

export const WEBHOOK_PATH = '/telegram/webhook';
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 60_000;
const WEBHOOK_LOOK_MS = 60_000;
/** Somebody has to do something first; looked at now and then. */
const SLOW: Partial<Record<TelegramErrorKind, number>> = { unauthorized: MAX_WAIT_MS, conflict: 10_000 };

/** Asks Telegram for updates for as long as the process lives. Whatever goes wrong with it is its own affair, and told by `/health`. */
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
    private readonly intake: UpdateHandler,
    private readonly users: BotUsers,
    private readonly pairing: Pairing,
    private readonly prisma: PrismaService,
    private readonly secrets: SecretBox,
    private readonly parts: NonCriticalHealth,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.parts.register('telegram', () => Promise.resolve(this.health));
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  /** Telegram sends it with every update; nobody else knows it. */
  get webhookSecret(): string {
    return this.secrets.subkey('telegram/webhook').toString('hex');
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        if (!this.bot.botInfo) await this.introduce(signal);
        await (this.config.telegram.isWebhook ? this.watchWebhook(signal) : this.poll(signal));
        waitMs = FIRST_WAIT_MS;
      } catch (error) {
        if (signal.aborted) return;
        const pauseMs = this.pauseAfter(error, waitMs);
        waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async introduce(signal: AbortSignal): Promise<void> {
    const me = await this.api.getMe(signal);
    await this.api.call({ method: 'setMyCommands', params: { commands: COMMANDS } }, signal);
    await this.api.call(this.webhookCall(), signal);
    if ((await this.users.operators(this.prisma)).length === 0) await this.offerPairing(me.username);
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
    const updates = await this.api.getUpdates(this.offset, signal);
    this.up();
    for (const update of updates) {
      await this.intake.handle(update);
      this.offset = update.update_id + 1;
    }
  }

  private async watchWebhook(signal: AbortSignal): Promise<void> {
    const info = (await this.api.call({ method: 'getWebhookInfo', params: {} }, signal)) as {
      last_error_message?: string;
      last_error_date?: number;
    };
    const age = Date.now() - (info.last_error_date ?? 0) * 1000;
    if (info.last_error_message && age < 2 * WEBHOOK_LOOK_MS)
      this.health = { status: 'down', message: `Telegram cannot call the bot: ${info.last_error_message}` };
    else this.up();
    await delay(WEBHOOK_LOOK_MS, undefined, { signal });
  }

  private up(): void {
    this.health = { status: 'up' };
  }

  private pauseAfter(error: unknown, waitMs: number): number {
    if (!(error instanceof TelegramError)) {
      this.logger.warn(`an update has to come again: ${error instanceof Error ? error.name : 'unknown'}`);
      return Math.min(waitMs, 5000);
    }
    const { kind, message, retryAfterSeconds } = error;
    const said = kind === 'unauthorized' ? 'Telegram refuses TELEGRAM_BOT_TOKEN: it is wrong or was revoked' : message;
    if (this.health['message'] !== said) this.logger.warn(said);
    this.health = { status: 'down', message: said };
    if (kind === 'unauthorized') this.bot.botInfo = undefined;
    return retryAfterSeconds === undefined ? (SLOW[kind] ?? waitMs) : retryAfterSeconds * 1000;
  }

  /** On the terminal, and not in the log: who has the link is an operator. */
  private async offerPairing(botName: string): Promise<void> {
    const code = await this.prisma.transaction((db) => this.pairing.create(db));
    process.stdout.write(
      `\nNobody may use the Telegram bot yet. Become its operator within ${PAIRING_TTL_MINUTES} minutes:\n  ${pairingLink(botName, code)}\nA new link: script/key pair\n\n`,
    );
  }
}
