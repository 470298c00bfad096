import { safeText } from '#src/common/safe-text.js';

/** Kind of a failed call of the Bot API. */
export type TelegramErrorKind =
  /** No response, or status 5xx. */
  | 'unreachable'
  | 'rate-limited'
  /** The token is wrong or was revoked. */
  | 'unauthorized'
  /** Another client polls the updates of this bot. */
  | 'conflict'
  /** The user has blocked the bot, or never wrote to it. */
  | 'forbidden'
  /** The call itself is invalid; a retry would fail too. */
  | 'refused';

/** A failed call of the Bot API. The message holds neither the token nor the parameters. */
export class TelegramError extends Error {
  constructor(
    readonly kind: TelegramErrorKind,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(safeText(message, { maxLength: 500 }));
  }
}
