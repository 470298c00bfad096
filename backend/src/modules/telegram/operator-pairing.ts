import { Injectable, Logger } from '@nestjs/common';
import {
  PAIRING_TTL_MINUTES,
  PairingCodesRepository,
  pairingLink,
} from '#src/modules/auth/pairing-codes.repository.js';
import { BotUsers } from './bot-users.js';

/** Offers a pairing link while the bot has no operator. */
@Injectable()
export class OperatorPairing {
  private readonly logger = new Logger(OperatorPairing.name);

  constructor(
    private readonly users: BotUsers,
    private readonly codes: PairingCodesRepository,
  ) {}

  /**
   * Prints the link on a terminal, because it makes its user an operator: elsewhere standard output is a log that others
   * may read, and gets the command instead.
   */
  async offer(botName: string): Promise<void> {
    if ((await this.users.operators()).length > 0) return;
    if (!process.stdout.isTTY) {
      this.logger.warn('the bot has no operator yet: script/key pair prints the link that makes one');
      return;
    }
    const code = await this.codes.create();
    process.stdout.write(
      `\nThe Telegram bot has no operator yet. Become its operator within ${PAIRING_TTL_MINUTES} minutes with this link:\n  ${pairingLink(botName, code)}\nA new link: script/key pair\n\n`,
    );
  }
}
