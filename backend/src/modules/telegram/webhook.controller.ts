import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Update } from 'telegraf/types';
import { Public } from '#src/common/decorators/access.js';
import { RateLimit } from '#src/common/decorators/rate-limit.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { timingSafeEqualText } from '#src/common/timing-safe-equal.js';
import { Config } from '#src/config/config.js';
import { BotConnection, WEBHOOK_PATH } from './bot-connection.js';
import { UpdateHandler } from './update-handler.js';

/** Receives updates when TELEGRAM_WEBHOOK is on. Telegram redelivers an update unless the status is 200. */
@ApiExcludeController()
@Controller()
@Public()
@RateLimit('none')
export class WebhookController {
  constructor(
    private readonly updates: UpdateHandler,
    private readonly connection: BotConnection,
    private readonly config: Config,
  ) {}

  @Post(WEBHOOK_PATH)
  @HttpCode(200)
  async receive(
    @Headers('x-telegram-bot-api-secret-token') presented: string | undefined,
    @Body() update: object,
  ): Promise<object> {
    if (!this.config.telegram.isWebhook || !timingSafeEqualText(presented ?? '', this.connection.webhookSecret))
      throw new DomainError('ROUTE_NOT_FOUND', { detail: `POST ${WEBHOOK_PATH} does not exist.` });
    await this.updates.handle(update as Update);
    return {};
  }
}
