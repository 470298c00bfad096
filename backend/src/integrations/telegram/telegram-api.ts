import { Injectable } from '@nestjs/common';
import { Telegram, TelegramError as ApiError } from 'telegraf';
import type { Update, UserFromGetMe } from 'telegraf/types';
import { Config } from '#src/config/config.js';
import { TelegramError, type TelegramErrorKind } from './telegram-error.js';

/** A call as it is sent: https://core.telegram.org/bots/api */
export interface TelegramCall {
  method: string;
  params: Record<string, unknown>;
}

const CALL_MS = 10_000;
const LONG_POLL_SECONDS = 25;
const KINDS: Record<number, TelegramErrorKind> = {
  401: 'unauthorized',
  404: 'unauthorized', // of a token that never was one
  403: 'forbidden',
  409: 'conflict',
  429: 'rate-limited',
};

/** The Bot API; every call has an end. Throws TelegramError. */
@Injectable()
export class TelegramApi {
  private readonly client: Telegram;

  constructor({ telegram }: Config) {
    this.client = new Telegram(telegram.token, { apiRoot: telegram.apiRoot });
  }

  getMe(signal: AbortSignal): Promise<UserFromGetMe> {
    return this.call({ method: 'getMe', params: {} }, signal) as Promise<UserFromGetMe>;
  }

  /** Waits up to 25 s for the first. `offset` confirms all before it: those are not delivered again. */
  getUpdates(offset: number, signal: AbortSignal): Promise<Update[]> {
    const params = { offset, timeout: LONG_POLL_SECONDS, allowed_updates: ['message', 'callback_query'] };
    return this.call({ method: 'getUpdates', params }, signal, LONG_POLL_SECONDS * 1000 + CALL_MS) as Promise<Update[]>;
  }

  async call({ method, params }: TelegramCall, signal: AbortSignal, withinMs = CALL_MS): Promise<unknown> {
    const patience = AbortSignal.timeout(withinMs);
    try {
      return await this.client.callApi(method as 'getMe', params, {
        signal: AbortSignal.any([signal, patience]) as never, // its types know another AbortSignal
      });
    } catch (error) {
      signal.throwIfAborted();
      throw meaningOf(error, method);
    }
  }
}

function meaningOf(error: unknown, method: string): TelegramError {
  if (!(error instanceof ApiError)) return new TelegramError('unreachable', `${method}: the Bot API does not answer`);
  const kind = error.code >= 500 ? 'unreachable' : (KINDS[error.code] ?? 'refused');
  return new TelegramError(kind, `${method}: ${error.code} ${error.description}`, error.parameters?.retry_after);
}
