/** What a failed call of the Bot API means for whoever made it. */
export type TelegramErrorKind =
  /** nobody answers, or with 5xx */
  | 'unreachable'
  | 'rate-limited'
  /** the token is wrong or was revoked */
  | 'unauthorized'
  /** somebody else asks for the updates of this bot */
  | 'conflict'
  /** the user has blocked the bot, or never wrote to it */
  | 'forbidden'
  /** the call itself is wrong: again it would be wrong again */
  | 'refused';

/** The message names neither the token nor what was sent. */
export class TelegramError extends Error {
  constructor(
    readonly kind: TelegramErrorKind,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
