import { Module } from '@nestjs/common';
import { TelegrafModule } from 'nestjs-telegraf';
import { Config } from '#src/config/config.js';
import { TelegramApi } from '#src/integrations/telegram/telegram-api.js';
import { AuthModule } from '#src/modules/auth/auth.module.js';
import { BotButtons } from './bot-buttons.js';
import { BotCommands } from './bot-commands.js';
import { BotConnection } from './bot-connection.js';
import { BotUsersRepository } from './bot-users.repository.js';
import { BotUsers } from './bot-users.js';
import { LinkMessages } from './link-messages.js';
import { Notifications } from './notifications.js';
import { NotificationsRepository } from './notifications.repository.js';
import { OperatorPairing } from './operator-pairing.js';
import { Outbox } from './outbox.js';
import { TelegramUpdatesRepository } from './telegram-updates.repository.js';
import { UpdateContext } from './update-context.js';
import { UpdateHandler } from './update-handler.js';
import { WebhookController } from './webhook.controller.js';

/** The Telegram bot; loaded when TELEGRAM_BOT_TOKEN is set. */
@Module({
  imports: [
    AuthModule,
    TelegrafModule.forRootAsync({
      imports: [],
      inject: [Config],
      // BotConnection polls: the library's launch ends the process while Telegram is unavailable.
      useFactory: ({ telegram }: Config) => ({
        token: telegram.token,
        launchOptions: false,
        options: { telegram: { apiRoot: telegram.apiRoot } },
      }),
    }),
  ],
  controllers: [WebhookController],
  providers: [
    TelegramApi,
    BotUsersRepository,
    NotificationsRepository,
    TelegramUpdatesRepository,
    Outbox,
    UpdateContext,
    BotUsers,
    BotCommands,
    BotButtons,
    UpdateHandler,
    LinkMessages,
    OperatorPairing,
    Notifications,
    BotConnection,
  ],
})
export class TelegramModule {}
