/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BotPlatform, OPERATOR, USER } from '../scenario/bot-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import type { ChatUser } from '../testbed/telegram-server.js';
import { eventually } from '../testbed/eventually.js';

const bed = new BotPlatform();
const { telegram } = bed;
let user: ChatUser;
let operator: ChatUser;

beforeAll(async () => {
  operator = telegram.user(OPERATOR, 'olga');
  user = telegram.user(USER, 'uwe');
  await bed.start();
});
afterAll(() => bed.stop());

describe('a Bot API that fails', () => {
  it('must leave the API as it is, be told by /health, and lose no message', async () => {
    telegram.goAway();
    await bed.healthy('down');
    expect((await bed.health()).status).toBe(200);
    await bed.platform.restart({});
    const client = await bed.platform.client(String(USER));
    expect((await client.request('GET', '/auth/me')).status).toBe(200);
    const before = user.messages.length;
    user.write('/help');
    telegram.comeBack();
    await bed.healthy('up');
    expect((await user.said(before)).text).toContain('/api_create');
  });

  it('must be asked again when it says, and not before', async () => {
    const before = user.messages.length;
    telegram.fail({ method: /sendMessage/, status: 429, description: 'Too Many Requests', retryAfter: 2, times: 1 });
    const asked = telegram.countOf('sendMessage');
    user.write('/help');
    await eventually(() => expect(telegram.countOf('sendMessage')).toBe(asked + 1), 5000);
    await user.said(before);
    const [first, second] = telegram.calls.filter(({ method }) => method === 'sendMessage').slice(asked);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(telegram.countOf('sendMessage')).toBe(asked + 2);
  });

  it('must get a long list in parts, and what it refuses as HTML or as too long in plain text', async () => {
    await bed.platform.sql(
      `INSERT INTO "User" (id, "telegramId", "telegramHandle", access) SELECT 'long' || n, (900000 + n)::text, repeat('n', 90) || n, 'ALLOWED' FROM generate_series(1, 45) n`,
    );
    const before = operator.messages.length;
    operator.write('/users');
    const [first, last] = [await operator.said(before), await operator.said(before + 1)];
    expect(first.text.length).toBeLessThanOrEqual(4096);
    expect([first.buttons.length > 0, last.buttons.length > 40]).toEqual([false, true]);
    await bed.platform.sql(`DELETE FROM "User" WHERE id LIKE 'long%'`);

    for (const description of ['Bad Request: message is too long', "Bad Request: can't parse entities: unclosed tag"]) {
      telegram.fail({ method: /sendMessage/, status: 400, description, times: 1 });
      const said = await user.ask('/start');
      expect(said.params).not.toHaveProperty('parse_mode');
      expect(said.text).toMatch(/^This is Berth\./);
    }
  });

  it('must be a warning in the log when a message is lost', async () => {
    telegram.fail({ method: /sendMessage/, status: 400, description: 'Bad Request: a reason of its own', times: 1 });
    user.write('/help');
    await eventually(
      () => expect(bed.platform.logs).toMatch(/"level":40.*a message is lost.*a reason of its own/),
      10_000,
    );
    telegram.fail({
      method: /sendMessage/,
      status: 403,
      description: 'Forbidden: bot was blocked by the user',
      times: 1,
    });
    user.write('/help');
    await eventually(() => expect(bed.platform.logs).toMatch(/"level":40.*bot was blocked by the user/), 10_000);
    await user.ask('/notify on');
  });

  it('must be told as a token that is no longer good', async () => {
    telegram.fail({ method: /getUpdates/, status: 401, description: 'Unauthorized' });
    user.write('/help');
    await eventually(async () => expect((await bed.health()).telegram.message).toContain('TELEGRAM_BOT_TOKEN'), 10_000);
    expect((await bed.health()).status).toBe(200);
    telegram.heal();
    await bed.platform.restart({});
    await bed.healthy('up');
  });

  it('must get links to a machine without a name as text', async () => {
    await bed.platform.restart({ PUBLIC_BASE_URL: `http://localhost:${bed.platform.port}` });
    await bed.untilHandled();
    const message = await user.ask('/api_create');
    await user.press(message, /Create/);
    expect(message.text).toMatch(/http:\/\/localhost:\d+\/auth\/verify\?token=[\w-]{32}$/);
    await bed.platform.restart({ PUBLIC_BASE_URL: '' });
  });
});

describe('messages about deployments', () => {
  it('must say how each ended, to its owner, and never be in its way', async () => {
    await bed.healthy('up');
    await bed.untilHandled();
    const client = await bed.keyOf(user);
    const { id: environmentId } = await client.createEnvironment('shop');
    const said = () => user.messages.map(({ text }) => text);
    await client.run({ environmentId, name: 'web', image: 'busybox', command: sh(IDLE) });
    await eventually(
      () => expect(said()).toContainEqual(expect.stringContaining('<b>web</b> in shop is RUNNING')),
      10_000,
    );
    const { jobId } = await client.deploy({ environmentId, name: 'api', image: 'no-such-image' });
    await client.settled(jobId);
    await eventually(
      () => expect(said()).toContainEqual(expect.stringMatching(/api<\/b> in shop has FAILED[^]*IMAGE_NOT_FOUND/)),
      10_000,
    );

    expect((await user.ask('/notify off')).text).toContain('no longer');
    const before = user.messages.length;
    telegram.fail({ method: /sendMessage/, status: 500, description: 'Internal', times: 3 });
    await client.run({ environmentId, name: 'web', image: 'busybox', command: sh(IDLE) });
    telegram.heal();
    await bed.untilHandled();
    expect(user.messages).toHaveLength(before);
    expect((await user.ask('/notify')).text).toContain('are off');
    await user.ask('/notify on');
    await client.deleteEnvironment(environmentId);
  });
});

describe('a webhook', () => {
  it('must be registered with a secret, and take nothing without it', async () => {
    await bed.platform.restart({ TELEGRAM_WEBHOOK: 'on', PUBLIC_BASE_URL: 'https://berth.example.com' });
    const { params } = await eventually(
      () => telegram.calls.findLast(({ method }) => method === 'setWebhook') ?? expect.fail('not registered'),
      10_000,
    );
    expect(params['url']).toBe('https://berth.example.com/telegram/webhook');
    const before = user.messages.length;
    const update = (id: number) => ({
      update_id: id,
      message: { message_id: 1, date: 0, chat: { id: USER, type: 'private' }, from: user.sender, text: 'hello' },
    });
    const call = (secret: string, body: object) =>
      fetch(`${bed.platform.baseUrl}/telegram/webhook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
        body: JSON.stringify(body),
      });
    expect((await call('guessed', update(500_000))).status).toBe(404);
    const secret = String(params['secret_token']);
    expect((await call(secret, update(500_001))).status).toBe(200);
    await user.said(before);
    expect((await call(secret, update(500_001))).status).toBe(200);
    await bed.untilHandled();
    expect(user.messages).toHaveLength(before + 1);
  });
});
