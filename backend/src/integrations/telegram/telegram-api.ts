import { Injectable } from '@nestjs/common';
import { Telegram, TelegramError as ApiError } from 'telegraf';
import type { Update, UserFromGetMe } from 'telegraf/types';
import { Config } from '#src/config/config.js';
import { TelegramError, type TelegramErrorKind } from './telegram-error.js';

/** A call of the Bot API: https://core.telegram.org/bots/api */
export interface TelegramCall {
  method: string;
  params: Record<string, unknown>;
}

const CALL_TIMEOUT_MS = 10_000;
const LONG_POLL_SECONDS = 25;
const KINDS: Record<number, TelegramErrorKind> = {
  401: 'unauthorized',
  404: 'unauthorized', // the token is malformed
  403: 'forbidden',
  409: 'conflict',
  429: 'rate-limited',
};

/** Client of the Bot API; every call has a timeout. Throws TelegramError. */
@Injectable()
export class TelegramApi {
  private readonly client: Telegram;

  constructor({ telegram }: Config) {
    this.client = new Telegram(telegram.token, { apiRoot: telegram.apiRoot });
  }

  getMe(signal: AbortSignal): Promise<UserFromGetMe> {
    return this.call({ method: 'getMe', params: {} }, signal) as Promise<UserFromGetMe>;
  }

  /** Long poll of up to 25 s. `offset` confirms all earlier updates, which Telegram then does not redeliver. */
  getUpdates(offset: number, signal: AbortSignal): Promise<Update[]> {
    const params = { offset, timeout: LONG_POLL_SECONDS, allowed_updates: ['message', 'callback_query'] };
    return this.call({ method: 'getUpdates', params }, signal, LONG_POLL_SECONDS * 1000 + CALL_TIMEOUT_MS) as Promise<
      Update[]
    >;
  }

  async call({ method, params }: TelegramCall, signal: AbortSignal, withinMs = CALL_TIMEOUT_MS): Promise<unknown> {
    const timeout = AbortSignal.timeout(withinMs);
    try {
      return await this.client.callApi(method as 'getMe', params, {
        signal: AbortSignal.any([signal, timeout]) as never, // its types declare another AbortSignal
      });
    } catch (error) {
      signal.throwIfAborted();
      throw toTelegramError(error, method);
    }
  }
}

function toTelegramError(error: unknown, method: string): TelegramError {
  if (!(error instanceof ApiError)) return new TelegramError('unreachable', `${method}: the Bot API does not answer`);
  const kind = error.code >= 500 ? 'unreachable' : (KINDS[error.code] ?? 'refused');
  return new TelegramError(kind, `${method}: ${error.code} ${error.description}`, error.parameters?.retry_after);
}
