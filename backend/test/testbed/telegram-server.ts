/**
 * The Bot API as far as the bot uses it, with the users at the other end. Updates are delivered until they are confirmed by an offset, as at
 * Telegram (https://core.telegram.org/bots/api#getupdates), which is what restarts are about; and calls can be made to fail.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

export const BOT_TOKEN = '4242:an-emulated-bot-of-the-test-bed';
export const BOT_NAME = 'berth_test_bot';

export interface Button {
  text: string;
  callback_data?: string;
  url?: string;
}

export interface ChatMessage {
  id: number;
  text: string;
  buttons: Button[];
  params: Record<string, unknown>;
  at: number;
}

export interface Call {
  method: string;
  params: Record<string, unknown>;
  at: number;
}

interface Failure {
  method: RegExp;
  status: number;
  description: string;
  retryAfter?: number;
  times: number;
}

interface Sender {
  id: number;
  username?: string;
}

const ANSWER_MS = 10_000;
const MAX_TEXT = 4096;
const MAX_DATA_BYTES = 64;

export class TelegramServer {
  readonly calls: Call[] = [];
  private isUp = true;
  private readonly chats = new Map<number, ChatMessage[]>();
  private readonly failures: Failure[] = [];
  private updates: { update_id: number }[] = [];
  private nextUpdate = 1000;
  private nextMessage = 1;
  private waiting: (() => void) | undefined;
  private server: Server | undefined;
  private port = 0;

  get apiRoot(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  /** From now on nobody answers, who waits for an answer included. */
  goAway(): void {
    this.isUp = false;
    this.server?.closeAllConnections();
  }

  comeBack(): void {
    this.isUp = true;
  }

  /** The next calls of these methods are answered so. */
  fail(failure: Omit<Failure, 'times'> & { times?: number }): void {
    this.failures.push({ times: Infinity, ...failure });
  }

  heal(): void {
    this.failures.length = 0;
  }

  user(id: number, username?: string): ChatUser {
    if (!this.chats.has(id)) this.chats.set(id, []);
    return new ChatUser(this, { id, ...(username !== undefined && { username }) });
  }

  /** Delivered until the bot confirms it; again with the same number: as Telegram does what it takes for unheard. */
  deliver(update: object, id = this.nextUpdate++): number {
    this.updates.push({ update_id: id, ...update });
    this.waiting?.();
    return id;
  }

  messages(chatId: number): ChatMessage[] {
    return this.chats.get(chatId) ?? [];
  }

  /** How many updates the bot has not confirmed yet. */
  get unconfirmed(): number {
    return this.updates.length;
  }

  countOf(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (!this.isUp) return void request.socket.destroy();
    const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)/.exec(request.url ?? '') ?? [];
    const params = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    this.calls.push({ method, params, at: Date.now() });
    const answer = token === BOT_TOKEN ? await this.answerOf(method, params, request) : refusal(401, 'Unauthorized');
    response.writeHead(answer.ok ? 200 : (answer.error_code ?? 500), { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  }

  private async answerOf(method: string, params: Record<string, unknown>, request: IncomingMessage): Promise<Answer> {
    const failure = this.failures.find((one) => one.times > 0 && one.method.test(method));
    if (failure) {
      failure.times -= 1;
      return refusal(failure.status, failure.description, failure.retryAfter);
    }
    switch (method) {
      case 'getMe':
        return done({ id: 4242, is_bot: true, first_name: 'Berth', username: BOT_NAME });
      case 'getUpdates':
        return done(await this.getUpdates(params, request));
      case 'getWebhookInfo':
        return done({ url: '', pending_update_count: this.updates.length });
      case 'sendMessage':
        return this.send(params);
      case 'editMessageText':
        return this.edit(params);
      case 'setMyCommands':
      case 'setWebhook':
      case 'deleteWebhook':
      case 'answerCallbackQuery':
        return done(true);
      default:
        return refusal(404, 'Not Found');
    }
  }

  private async getUpdates(params: Record<string, unknown>, request: IncomingMessage): Promise<object[]> {
    const offset = Number(params['offset'] ?? 0);
    this.updates = this.updates.filter(({ update_id: id }) => id >= offset);
    if (this.updates.length === 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.waiting = () => resolve(undefined);
      request.socket.once('close', this.waiting);
      const timer = setTimeout(this.waiting, Number(params['timeout'] ?? 0) * 1000);
      await promise;
      clearTimeout(timer);
      request.socket.off('close', this.waiting);
    }
    return request.socket.destroyed ? [] : this.updates;
  }

  private send(params: Record<string, unknown>): Answer {
    const chat = this.chats.get(Number(params['chat_id']));
    if (!chat) return refusal(403, "Forbidden: bot can't initiate conversation with a user");
    const wrong = wrongButton(params) ?? overLimits(params);
    if (wrong) return wrong;
    const message = { id: this.nextMessage++, ...contentOf(params) };
    chat.push(message);
    return done({ message_id: message.id, date: 0, chat: { id: params['chat_id'] }, text: message.text });
  }

  private edit(params: Record<string, unknown>): Answer {
    const message = this.messages(Number(params['chat_id'])).find(({ id }) => id === params['message_id']);
    if (!message) return refusal(400, 'Bad Request: message to edit not found');
    const wrong = wrongButton(params) ?? overLimits(params);
    if (wrong) return wrong;
    Object.assign(message, contentOf(params));
    return done({ message_id: message.id });
  }

  newMessageId(): number {
    return this.nextMessage++;
  }
}

/** Somebody with Telegram in their hand. */
export class ChatUser {
  constructor(
    private readonly server: TelegramServer,
    readonly sender: Sender,
  ) {}

  get messages(): ChatMessage[] {
    return this.server.messages(this.sender.id);
  }

  get last(): ChatMessage {
    const message = this.messages.at(-1);
    if (!message) throw new Error('the bot has said nothing');
    return message;
  }

  write(text: string, chat: object = { id: this.sender.id, type: 'private' }): number {
    const command = /^\/\w+(@\w+)?/.exec(text)?.[0];
    const entities = command && [{ type: 'bot_command', offset: 0, length: command.length }];
    const from = { is_bot: false, first_name: 'Somebody', ...this.sender };
    const message = {
      message_id: this.server.newMessageId(),
      date: 0,
      chat,
      from,
      text,
      ...(entities && { entities }),
    };
    return this.server.deliver({ message });
  }

  /** Writes, and gives back what the bot says to it. */
  async ask(text: string): Promise<ChatMessage> {
    const before = this.messages.length;
    this.write(text);
    return this.said(before);
  }

  /** The next message after so many. */
  said(before: number): Promise<ChatMessage> {
    return eventually(() => {
      const message = this.messages[before];
      if (!message) throw new Error(`no ${before + 1}. message for ${this.sender.id}`);
      return message;
    }, ANSWER_MS);
  }

  /** Presses a button of a message, and waits until the bot has changed that. */
  async press(message: ChatMessage, button: RegExp): Promise<void> {
    const { at } = message;
    this.send(message, this.find(message, button));
    await eventually(() => {
      if (message.at === at) throw new Error(`nothing changed after ${String(button)}: ${message.text}`);
    }, ANSWER_MS);
  }

  /** As `data` of a press that the bot never offered, or that was offered to somebody else. */
  forge(data: string, message: { id: number; chatId: number }): number {
    return this.callback(data, message.id, message.chatId);
  }

  find(message: ChatMessage, button: RegExp): Button {
    const found = message.buttons.find(({ text }) => button.test(text));
    if (!found) throw new Error(`no button ${String(button)} in: ${JSON.stringify(message.buttons)}`);
    return found;
  }

  private send(message: ChatMessage, button: Button): void {
    this.callback(button.callback_data ?? '', message.id, this.sender.id);
  }

  private callback(data: string, messageId: number, chatId: number): number {
    const from = { is_bot: false, first_name: 'Somebody', ...this.sender };
    const message = { message_id: messageId, date: 0, chat: { id: chatId, type: 'private' }, text: '' };
    return this.server.deliver({
      callback_query: { id: `${Math.random()}`, from, message, chat_instance: '1', data },
    });
  }
}

interface Answer {
  ok: boolean;
  result?: unknown;
  error_code?: number;
  description?: string;
  parameters?: { retry_after: number };
}

function done(result: unknown): Answer {
  return { ok: true, result };
}

function refusal(status: number, description: string, retryAfter?: number): Answer {
  return {
    ok: false,
    error_code: status,
    description,
    ...(retryAfter !== undefined && { parameters: { retry_after: retryAfter } }),
  };
}

/** Telegram wants links of buttons to have a public form. */
function wrongButton(params: Record<string, unknown>): Answer | undefined {
  const button = buttonsOf(params).find(({ url }) => url !== undefined && /\/\/localhost\b/.test(url));
  if (!button) return undefined;
  return refusal(400, `Bad Request: inline keyboard button URL '${button.url}' is invalid: Wrong HTTP URL`);
}

/** https://core.telegram.org/bots/api#sendmessage, #inlinekeyboardbutton */
function overLimits(params: Record<string, unknown>): Answer | undefined {
  const text = String(params['text']);
  if (!text.isWellFormed()) return refusal(400, 'Bad Request: strings must be encoded in UTF-8');
  if (text.trim() === '') return refusal(400, 'Bad Request: message text is empty');
  if (text.length > MAX_TEXT) return refusal(400, 'Bad Request: message is too long');
  if (
    buttonsOf(params).some(({ callback_data: data = 'x' }) => data === '' || Buffer.byteLength(data) > MAX_DATA_BYTES)
  )
    return refusal(400, 'Bad Request: BUTTON_DATA_INVALID');
  return undefined;
}

function contentOf(params: Record<string, unknown>): Omit<ChatMessage, 'id'> {
  return { text: String(params['text']), buttons: buttonsOf(params), params, at: performance.now() };
}

function buttonsOf(params: Record<string, unknown>): Button[] {
  return ((params['reply_markup'] as { inline_keyboard?: Button[][] } | undefined)?.inline_keyboard ?? []).flat();
}
