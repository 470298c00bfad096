import { expect } from 'vitest';
import { BOT_TOKEN, type ChatMessage, type ChatUser, TelegramServer } from '../testbed/telegram-server.js';
import { eventually } from '../testbed/eventually.js';
import { ApiClient } from './api-client.js';
import { Platform } from './platform.js';

export const OPERATOR = 7001;
export const USER = 7002;

/** A platform with a bot whose users are emulated: one operator, and one who may have keys. */
export class BotPlatform {
  readonly telegram = new TelegramServer();
  private started: Platform | undefined;

  get platform(): Platform {
    if (!this.started) throw new Error('not started');
    return this.started;
  }

  async start(env: Record<string, string> = {}): Promise<Platform> {
    await this.telegram.start();
    this.started = new Platform({
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      TELEGRAM_API_ROOT: this.telegram.apiRoot,
      TELEGRAM_ADMIN_IDS: String(OPERATOR),
      TELEGRAM_ALLOWED_IDS: String(USER),
      ...env,
    });
    return this.started.start();
  }

  async stop(): Promise<void> {
    await this.platform.stop();
    this.telegram.stop();
  }

  /** What `/health` says of the bot. */
  async health(): Promise<{ status: number; telegram: { status: string; message?: string } }> {
    const answer = await fetch(`${this.platform.baseUrl}/health`);
    const { details } = (await answer.json()) as { details: Record<string, { status: string; message?: string }> };
    return { status: answer.status, telegram: details['telegram'] ?? { status: 'missing' } };
  }

  /** The whole way to a key, as a program that was given the link. */
  async keyOf(who: ChatUser): Promise<ApiClient> {
    const { url } = await linkFor(who);
    const { apiKey } = (await (await fetch(url)).json()) as { apiKey: string };
    return new ApiClient(this.platform.baseUrl, apiKey);
  }

  /** Until the bot has confirmed every update and nothing waits to be sent. */
  async untilHandled(): Promise<void> {
    const waiting = `SELECT 1 FROM graphile_worker.jobs WHERE task_identifier = 'telegram.send'`;
    await eventually(async () => {
      expect(this.telegram.unconfirmed).toBe(0);
      expect(await this.platform.sql(waiting)).toEqual([]);
    }, 20_000);
  }

  async healthy(status: 'up' | 'down'): Promise<void> {
    await eventually(async () => expect((await this.health()).telegram.status).toBe(status), 20_000);
  }
}

/** A link as the bot gives it, with what is ticked from the beginning but for `without`; the message that holds it. */
export async function linkFor(
  user: ChatUser,
  without: RegExp[] = [],
): Promise<{ url: string; token: string; message: ChatMessage }> {
  const message = await user.ask('/api_create');
  for (const scope of without) await user.press(message, scope);
  await user.press(message, /Create/);
  const url = user.find(message, /Open/).url ?? '';
  return { url, token: new URL(url).searchParams.get('token') ?? '', message };
}
