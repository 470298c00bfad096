import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../scenario/api-client.js';
import { BotPlatform, linkFor, OPERATOR, USER } from '../scenario/bot-platform.js';
import { BOT_NAME, type ChatUser } from '../testbed/telegram-server.js';
import { eventually } from '../testbed/eventually.js';

interface Me {
  user: { telegramId: string; telegramHandle: string | null };
  key: { keyId: string; scopes: string[]; expiresAt: string | null };
}

const PRESSES = 30;

const bed = new BotPlatform();
const { telegram } = bed;
let operator: ChatUser;
let user: ChatUser;

beforeAll(async () => {
  operator = telegram.user(OPERATOR, 'olga');
  user = telegram.user(USER, 'uwe');
  await bed.start();
});
afterAll(() => bed.stop());

describe('the bot', () => {
  it('must offer its commands in the menu and explain itself', async () => {
    const menu = telegram.calls.find(({ method }) => method === 'setMyCommands');
    expect(JSON.stringify(menu?.params['commands'])).toContain('api_create');
    expect((await user.ask('/start')).text).toContain('/api_create');
    expect((await user.ask('/help')).text).toContain(`${bed.platform.baseUrl}/dashboard`);
    expect((await user.ask('/help')).text).toContain('/api_revoke');
    expect((await user.ask('what now?')).text).toContain('/api_create');
  });

  it('must make a key with what was ticked and nothing else', async () => {
    const draft = await user.ask('/api_create');
    expect(draft.buttons.map(({ text }) => text)).not.toContainEqual(expect.stringContaining('ADMIN'));
    for (const scope of [/ENVIRONMENTS_WRITE/, /DEPLOYMENTS_WRITE/, /LOGS_READ/]) await user.press(draft, scope);
    await user.press(draft, /7 days/);
    await user.press(draft, /Create/);
    const { url = '' } = user.find(draft, /Open/);
    expect(url).toMatch(new RegExp(`^${bed.platform.baseUrl}/auth/verify\\?token=[A-Za-z0-9_-]{32}$`));
    expect(draft.params['link_preview_options']).toEqual({ is_disabled: true });

    const answer = (await (await fetch(url)).json()) as { apiKey: string };
    const client = new ApiClient(bed.platform.baseUrl, answer.apiKey);
    const { user: owner, key } = await client.ok<Me>('GET', '/auth/me');
    expect(owner).toMatchObject({ telegramId: String(USER), telegramHandle: 'uwe' });
    expect(key.scopes).toEqual(['ENVIRONMENTS_READ', 'DEPLOYMENTS_READ']);
    const days = (Date.parse(key.expiresAt ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
    expect((await client.request('POST', '/environments', { name: 'no' })).body.code).toBe('INSUFFICIENT_SCOPE');
    await eventually(
      () => expect(draft).toMatchObject({ text: expect.stringContaining('was used') as string, buttons: [] }),
      5000,
    );
  });

  it('must let operators tick ADMIN, and nobody else, whatever is sent', async () => {
    const draft = await operator.ask('/api_create');
    await operator.press(draft, /ADMIN/);
    const chosen = operator.find(draft, /Create/).callback_data ?? '';
    await operator.press(draft, /never/);
    await operator.press(draft, /Create/);
    const { apiKey } = (await (await fetch(operator.find(draft, /Open/).url ?? '')).json()) as { apiKey: string };
    const { key } = await new ApiClient(bed.platform.baseUrl, apiKey).ok<Me>('GET', '/auth/me');
    expect(key.scopes).toContain('ADMIN');
    expect(key.expiresAt).toBeNull();

    const before = await bed.platform.counts();
    const own = await user.ask('/api_create');
    user.forge(chosen, { id: own.id, chatId: USER });
    await bed.untilHandled();
    expect(await changesSince(before)).toEqual([]);
    expect(own.buttons.length).toBeGreaterThan(1);
  });

  it('must list and revoke keys, after a question', async () => {
    const client = await bed.keyOf(user);
    const { key } = await client.ok<Me>('GET', '/auth/me');
    expect((await user.ask('/api_list')).text).toContain(key.keyId);
    const message = await user.ask('/api_revoke');
    await user.press(message, new RegExp(key.keyId));
    expect((await client.request('GET', '/auth/me')).status).toBe(200);
    await user.press(message, /^Revoke$/);
    expect(message.text).toContain('is revoked');
    await eventually(async () => expect((await client.request('GET', '/auth/me')).status).toBe(401), 1000);
    expect((await user.ask('/api_list')).text).not.toContain(key.keyId);
  });

  it('must not press the buttons of others, nor speak of keys in groups', async () => {
    const theirs = await (await bed.keyOf(operator)).ok<Me>('GET', '/auth/me');
    const { message } = await linkFor(user);
    const stranger = telegram.user(7099, 'mallory');
    const before = await bed.platform.counts();
    stranger.forge('key:31:30:go', { id: message.id, chatId: USER });
    user.forge(`revoke:yes:${theirs.key.keyId}`, { id: message.id, chatId: USER });
    user.forge('key:999:30:go', { id: message.id, chatId: USER });
    user.forge('user:yes:abc', { id: message.id, chatId: USER });
    telegram.user(-100);
    user.write('/api_create', { id: -100, type: 'supergroup', title: 'all of us' });
    user.write('hello everybody', { id: -100, type: 'supergroup', title: 'all of us' });
    await bed.untilHandled();
    expect(await changesSince(before)).toEqual([]);
    const [said, ...more] = telegram.messages(-100);
    expect(said?.text).toContain(`https://t.me/${BOT_NAME}`);
    expect(more).toEqual([]);
  });
});

describe('who may use the bot', () => {
  it('must be who is let in by an operator, until they are removed with their keys', async () => {
    const stranger = telegram.user(7003, 'sam');
    const refusal = await stranger.ask('/api_create');
    expect(refusal.text).toContain('not on its list');
    const heard = operator.messages.length;
    await stranger.press(refusal, /Ask for access/);
    const request = await operator.said(heard);
    expect(request.text).toContain('@sam');
    stranger.forge(operator.find(request, /Allow/).callback_data ?? '', { id: refusal.id, chatId: 7003 });
    await bed.untilHandled();
    expect((await stranger.ask('/api_create')).text).toContain('not on its list');

    const told = stranger.messages.length;
    await operator.press(request, /Allow/);
    expect((await stranger.said(told)).text).toContain('on the list now');
    const client = await bed.keyOf(stranger);
    expect((await client.request('GET', '/auth/me')).status).toBe(200);

    const users = await operator.ask('/users');
    await operator.press(users, /Remove @sam/);
    expect(users.text).toContain('1 key is revoked and 0 hooks are suspended');
    await operator.press(users, /^Remove$/);
    await eventually(async () => expect((await client.request('GET', '/auth/me')).status).toBe(401), 1000);
    expect((await stranger.ask('/api_create')).text).toContain('not on its list');
    expect((await user.ask('/users')).text).toContain('Only operators');
  });

  it('must be known from a pairing link, which works once', { tags: 'long' }, async () => {
    const pairing = new BotPlatform();
    const first = pairing.telegram.user(8001, 'first');
    const second = pairing.telegram.user(8002, 'second');
    await pairing.start({ TELEGRAM_ADMIN_IDS: '', TELEGRAM_ALLOWED_IDS: '' });
    try {
      await eventually(() => expect(pairing.platform.logs).toContain('script/key pair'), 10_000);
      expect(pairing.platform.logs).not.toContain(`${BOT_NAME}?start=`);
      const code = (await pairing.platform.key('pair')).split('=')[1] ?? '';
      expect((await second.ask('/start wrong')).text).toContain('unknown');
      expect((await first.ask(`/start ${code}`)).text).toContain('operator');
      expect((await second.ask(`/start ${code}`)).text).toContain('was used');
      expect((await second.ask('/api_create')).text).toContain('not on its list');
      expect((await first.ask('/users')).text).toContain('@first');

      const older = await pairing.platform.key('pair');
      const newer = await pairing.platform.key('pair');
      expect((await second.ask(`/start ${older.split('=')[1] ?? ''}`)).text).toContain('expired');
      await pairing.platform.sql(`UPDATE "PairingCode" SET "expiresAt" = "expiresAt" - interval '15 minutes'`);
      expect((await second.ask(`/start ${newer.split('=')[1] ?? ''}`)).text).toContain('expired');
    } finally {
      await pairing.stop();
    }
  });
});

describe('updates', () => {
  it('must have their effect once, however often they come', async () => {
    const message = { message_id: 1, date: 0, chat: { id: USER, type: 'private' }, from: user.sender, text: 'again' };
    const before = user.messages.length;
    const id = telegram.deliver({ message });
    await user.said(before);
    telegram.deliver({ message }, id);
    await bed.untilHandled();
    expect(user.messages).toHaveLength(before + 1);
  });

  it('must be neither lost nor doubled by kill -9 at any moment', { tags: 'long' }, async () => {
    const { id } = await user.ask('/api_create');
    const links = async () => (await bed.platform.counts())['MagicLink'] ?? 0;
    const before = await links();
    const answered = () =>
      new Set(
        telegram.calls
          .filter(({ method }) => method === 'answerCallbackQuery')
          .map(({ params }) => params['callback_query_id']),
      ).size;
    const answeredBefore = answered();
    for (let press = 1; press <= PRESSES; press++) {
      user.forge('key:1:30:go', { id, chatId: USER });
      if (press % 10 !== 0) continue;
      await eventually(() => expect(answered() - answeredBefore).toBeGreaterThan(press - 8), 20_000);
      await bed.platform.kill9();
      await bed.platform.start();
    }
    await bed.untilHandled();
    expect((await links()) - before).toBe(PRESSES);
    expect(answered() - answeredBefore).toBe(PRESSES);
    expect(
      await bed.platform.sql('SELECT 1 FROM "MagicLink" WHERE "usedAt" IS NULL AND "voidedAt" IS NULL'),
    ).toHaveLength(1);
  });
});

/** Of what a stranger must not be able to change. */
async function changesSince(before: Record<string, number>): Promise<string[]> {
  const after = await bed.platform.counts();
  const watched = ['ApiKey', 'MagicLink', 'AuditEvent', 'Environment', 'PairingCode'];
  return watched.filter((table) => before[table] !== after[table]);
}
