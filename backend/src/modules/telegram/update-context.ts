import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { Db } from '#src/core/database/prisma.service.js';
import type { User } from '#src/generated/prisma/client.js';
import { Outbox } from './outbox.js';

/** An update and the transaction that handles it, marks it as handled and adds the bot's messages to the outbox. */
export interface UpdateState {
  db: Db;
  user: User;
  chatId: string;
  /** id of the message whose button was pressed */
  messageId: number | null;
  callbackId: string | undefined;
}

export interface Button {
  text: string;
  /** data of the callback, at most 64 bytes; it can be forged */
  callback_data?: string;
  url?: string;
}
export type Keyboard = Button[][];

@Injectable()
export class UpdateContext {
  private readonly storage = new AsyncLocalStorage<UpdateState>();

  constructor(private readonly outbox: Outbox) {}

  run<T>(state: UpdateState, handle: () => Promise<T>): Promise<T> {
    return this.storage.run(state, handle);
  }

  get state(): UpdateState {
    const state = this.storage.getStore();
    if (!state) throw new Error('there is no current update');
    return state;
  }

  /** Sends a message to the chat. `text`: HTML of the Bot API. */
  async say(text: string, keyboard?: Keyboard): Promise<void> {
    await this.sayTo(this.state.chatId, text, keyboard);
  }

  async sayTo(chatId: string, text: string, keyboard?: Keyboard): Promise<void> {
    await this.outbox.add(this.state.db, chatId, { method: 'sendMessage', params: messageOf(chatId, text, keyboard) });
  }

  /** Replaces the message whose button was pressed. */
  async edit(text: string, keyboard?: Keyboard): Promise<void> {
    const { db, chatId, messageId } = this.state;
    const params = { ...messageOf(chatId, text, keyboard), message_id: messageId };
    await this.outbox.add(db, chatId, { method: 'editMessageText', params });
  }

  /** Ends the progress display of the button. `alert` is shown in a dialog. */
  async answer(alert?: string): Promise<void> {
    const { db, chatId, callbackId } = this.state;
    if (callbackId === undefined) return;
    const params = { callback_query_id: callbackId, ...(alert !== undefined && { text: alert, show_alert: true }) };
    await this.outbox.add(db, chatId, { method: 'answerCallbackQuery', params });
  }
}

/** Returns the params of sendMessage. Previews are off, because fetching one would open a link. */
export function messageOf(chatId: string, text: string, keyboard?: Keyboard): Record<string, unknown> {
  return {
    chat_id: Number(chatId),
    text,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
    ...(keyboard && { reply_markup: { inline_keyboard: keyboard } }),
  };
}

export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
