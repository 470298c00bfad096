import http from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type Problem } from '../scenario/api-client.js';
import { BotPlatform, linkFor, USER } from '../scenario/bot-platform.js';
import { launchBrowser, visitor } from '../scenario/browser.js';
import { eventually } from '../testbed/eventually.js';
import type { ChatUser } from '../testbed/telegram-server.js';

interface Verified {
  apiKey: string;
  keyId: string;
  scopes: string[];
  expiresAt: string | null;
  message: string;
}

const bed = new BotPlatform();
let user: ChatUser;

beforeAll(async () => {
  user = bed.telegram.user(USER, 'uwe');
  await bed.start();
});
afterAll(() => bed.stop());

const post = (token: unknown) =>
  fetch(`${bed.platform.baseUrl}/auth/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });

describe('a magic link', () => {
  it('must give a program its key in one GET, once', async () => {
    const { url } = await linkFor(user);
    const answer = await raw('GET', url, { 'user-agent': 'curl/8.5.0', accept: '*/*' });
    expect(answer.status).toBe(200);
    const verified = JSON.parse(answer.body) as Verified;
    expect(verified.apiKey).toMatch(new RegExp(`^rw_prod_${verified.keyId}\\.[\\w-]{16}$`));
    expect(verified.scopes).toHaveLength(5);
    expect(verified.message).toContain('not shown again');
    expect((await new ApiClient(bed.platform.baseUrl, verified.apiKey).request('GET', '/auth/me')).status).toBe(200);
    const again = await raw('GET', url, { 'user-agent': 'curl/8.5.0', accept: '*/*' });
    expect([again.status, (JSON.parse(again.body) as Problem).code]).toEqual([401, 'MAGIC_LINK_INVALID']);
  });

  it('must make exactly one key when fifty ask at once', async () => {
    const { token, url } = await linkFor(user);
    const keys = await countOf('ApiKey');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? post(token) : fetch(url))),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array<number>(49).fill(401),
    ]);
    expect((await countOf('ApiKey')) - keys).toBe(1);
  });

  it('must not be used by what opens links on its own', async () => {
    const { url } = await linkFor(user);
    const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const any = { accept: '*/*' };
    const mozilla =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36';
    const robots: [method: string, headers: Record<string, string>][] = [
      ['HEAD', { ...any, 'user-agent': 'curl/8.5.0' }],
      ['GET', { accept: html, 'user-agent': mozilla }],
      ['GET', { ...any, 'user-agent': mozilla }],
      ['GET', { ...any, 'user-agent': 'TelegramBot (like TwitterBot)' }],
      ['GET', { ...any, 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
      ['GET', { ...any, 'user-agent': 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)' }],
      ['GET', { ...any, 'user-agent': 'WhatsApp/2.23.20.0 A' }],
      ['GET', { ...any, 'user-agent': 'Microsoft Office/16.0 (Microsoft Outlook 16.0.17328; Pro)' }],
      ['GET', { ...any, 'user-agent': 'Mozilla/4.0 (compatible; ms-office; MSOffice 16)' }],
      ['GET', { ...any, 'user-agent': 'SkypeUriPreview Preview/0.5' }],
      ['GET', { ...any, 'user-agent': 'Discordbot/2.0' }],
      ['GET', { ...any, 'user-agent': 'curl/8.5.0', purpose: 'prefetch' }],
      ['GET', { ...any, 'user-agent': 'curl/8.5.0', 'sec-purpose': 'prefetch;prerender' }],
      ['GET', { ...any, 'user-agent': 'curl/8.5.0', 'x-moz': 'prefetch' }],
      ['GET', { ...any, 'user-agent': 'curl/8.5.0', 'x-purpose': 'preview' }],
    ];
    for (const [method, headers] of robots) {
      const answer = await raw(method, url, headers);
      expect([answer.status, answer.headers['content-type']], headers['user-agent']).toEqual([
        200,
        'text/html; charset=utf-8',
      ]);
      expect(answer.body).not.toContain('rw_prod_');
    }
    expect((await fetch(url)).status).toBe(200);
  });

  it('must live for fifteen minutes of the database', async () => {
    const older = (seconds: number) =>
      bed.platform.sql(
        `UPDATE "MagicLink" SET "createdAt" = "createdAt" - $1 * interval '1 second', "expiresAt" = "createdAt" + interval '15 minutes' - $1 * interval '1 second'
         WHERE "usedAt" IS NULL AND "voidedAt" IS NULL`,
        [seconds],
      );
    const { url } = await linkFor(user);
    await older(14 * 60 + 58);
    expect((await fetch(url)).status).toBe(200);
    const late = await linkFor(user);
    await older(15 * 60);
    const answer = await fetch(late.url);
    expect([answer.status, ((await answer.json()) as Problem).code]).toEqual([401, 'MAGIC_LINK_INVALID']);
    await bed.platform.sql(`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE key LIKE 'link-ended/%'`);
    await eventually(() => {
      expect(late.message).toMatchObject({ text: expect.stringContaining('has expired') as string, buttons: [] });
    }, 10_000);
  });

  it('must be voided by a newer one, and say nothing of why it does not work', async () => {
    const older = await linkFor(user);
    const newer = await linkFor(user);
    const refused = [older.token, 'x'.repeat(32), 'short', `${newer.token}x`].map(async (token) => {
      const answer = await post(token);
      const { code, detail, hint } = (await answer.json()) as Problem;
      return { status: answer.status, code, detail, hint };
    });
    const answers = await Promise.all(refused);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, code: 'MAGIC_LINK_INVALID' });
    expect((await post(newer.token)).status).toBe(200);
    const missing = await post(undefined);
    expect([missing.status, ((await missing.json()) as Problem).errors?.[0]?.path]).toEqual([400, 'token']);
  });

  it('must leave a trail without secrets, which only ADMIN reads', async () => {
    const { url, token } = await linkFor(user);
    const { apiKey, keyId } = (await (await fetch(url)).json()) as Verified;
    const own = new ApiClient(bed.platform.baseUrl, apiKey);
    await own.ok('POST', '/auth/revoke', { keyId });
    const admin = await bed.platform.client();
    const { events } = await admin.ok<{
      events: { action: string; keyId: string | null; via: string; ip: string | null }[];
    }>('GET', '/audit?limit=4');
    expect(events.map(({ action, via }) => `${action} ${via}`)).toEqual([
      'key.created HOST',
      'key.revoked API',
      'key.created LINK',
      'link.used LINK',
    ]);
    expect(events[1]).toMatchObject({ keyId, ip: expect.stringContaining('127.0.0.1') as string });
    expect((await (await bed.platform.client(String(USER), 'LOGS_READ')).request('GET', '/audit')).body.code).toBe(
      'INSUFFICIENT_SCOPE',
    );
    const secret = apiKey.split('.')[1] ?? '';
    for (const kept of [await bed.platform.dump(), bed.platform.logs])
      for (const what of [token, secret]) expect(kept).not.toContain(what);
  });
});

describe('its pages, in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it.each(['light', 'dark'] as const)(
    'must lead to the key with the keyboard alone, on a phone, %s',
    async (scheme) => {
      const { url } = await linkFor(user, [/ENVIRONMENTS_WRITE/]);
      const { page, requests, complaints, close } = await visitor(browser, { scheme });
      const answer = await page.goto(url);
      expect(answer?.headers()).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.not.stringContaining('unsafe') as string,
      });
      expect(await page.title()).toContain('Create this API key?');
      expect(await page.textContent('main')).toContain('DEPLOYMENTS_WRITE');
      await picture(page, `confirm-${scheme}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#key');
      const apiKey = await page.inputValue('#key');
      await picture(page, `key-${scheme}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const client = new ApiClient(bed.platform.baseUrl, apiKey);
      const { key } = await client.ok<{ key: { scopes: string[] } }>('GET', '/auth/me');
      expect(key.scopes).toEqual(['ENVIRONMENTS_READ', 'DEPLOYMENTS_READ', 'DEPLOYMENTS_WRITE', 'LOGS_READ']);
      expect((await client.request('GET', '/environments')).status).toBe(200);
      expect((await client.request('POST', '/environments', { name: 'no' })).body.code).toBe('INSUFFICIENT_SCOPE');
      expect(await page.inputValue('#curl')).toBe(`curl -H "X-API-Key: ${apiKey}" ${bed.platform.baseUrl}/auth/me`);

      await page.keyboard.press('Tab'); // the key itself
      await page.keyboard.press('Tab'); // its button
      await page.keyboard.press('Enter');
      await page.waitForSelector('text=Copied');
      expect(requests.filter((address) => !address.startsWith(bed.platform.baseUrl))).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
  );

  it('must say what is wrong with a link that was used, has expired, was replaced or never was', async () => {
    const { page, complaints, close } = await visitor(browser);
    const used = await linkFor(user);
    await fetch(used.url);
    const replaced = await linkFor(user);
    const expired = await linkFor(user);
    await bed.platform.sql(`UPDATE "MagicLink" SET "expiresAt" = now() WHERE "usedAt" IS NULL AND "voidedAt" IS NULL`);
    const titles: string[] = [];
    for (const address of [used.url, replaced.url, expired.url, `${used.url.slice(0, -3)}xyz`]) {
      expect((await page.goto(address))?.status()).toBe(401);
      titles.push(await page.innerText('h1'));
      expect(await page.innerText('main')).toContain('/api_create');
    }
    await picture(page, 'unknown');
    expect(titles).toEqual([
      'This link was used',
      'This link was replaced',
      'This link has expired',
      'This link is unknown',
    ]);
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
    await close();
  });

  it.each([true, false])('must show the key once, with scripts or without: %s', async (scripts) => {
    const { url } = await linkFor(user);
    const { page, close } = await visitor(browser, { scripts });
    await page.goto(url);
    await page.click('text=Create the key');
    await page.waitForSelector('#key');
    expect(await page.inputValue('#key')).toMatch(/^rw_prod_/);
    expect(await page.isVisible('text=Open the dashboard')).toBe(scripts);
    await page.goto(url);
    expect(await page.innerText('h1')).toBe('This link was used');
    await close();
  });
});

describe('the key in a session of Chromium', () => {
  it(
    'must be handed to the dashboard and to Swagger UI, in no URL and no permanent storage',
    { tags: 'long' },
    async () => {
      const browser = await launchBrowser();
      const { page, requests, complaints, close } = await visitor(browser, { width: 1440 });
      const stored = () => page.evaluate(`sessionStorage.getItem('berth.key')`);
      await page.goto((await linkFor(user)).url);
      await page.click('text=Create the key');
      await page.waitForSelector('#key');
      const apiKey = await page.inputValue('#key');
      await page.click('text=Open the dashboard');
      await page.waitForURL(`${bed.platform.baseUrl}/dashboard*`);
      await page.waitForSelector('#app *');
      expect(await stored()).toBe(apiKey);

      await page.goto(`${bed.platform.baseUrl}/api/docs`);
      await page.click('.auth-wrapper .authorize');
      await page.click('.modal-ux >> text=Logout');
      expect(await stored()).toBeNull();
      await page.fill('.modal-ux input', apiKey);
      await page.click('.modal-ux button[type=submit]');
      expect(await stored()).toBe(apiKey);
      expect(await page.evaluate('localStorage.length')).toBe(0);
      expect(requests.filter((address) => address.includes(apiKey))).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
      await browser.close();
    },
  );
});

/** Looked at by people: BERTH_SCREENSHOTS names a folder. */
async function picture(page: { screenshot: (options: object) => Promise<unknown> }, name: string): Promise<void> {
  const folder = process.env['BERTH_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

async function countOf(table: string): Promise<number> {
  return (await bed.platform.counts())[table] ?? 0;
}

/** With the headers that are given and no others. */
function raw(
  method: string,
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
  }>();
  const request = http.request(url, { method, headers, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
  });
  request.once('error', reject).end();
  return promise;
}
