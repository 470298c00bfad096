import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKey, ApiKeyList, KeyCreated, KeyRevoked, Me } from '../../../clients/typescript/src/index.js';
import { ApiClient } from '../scenario/api-client.js';
import { folderOf } from '../scenario/archives.js';
import { BotPlatform, OPERATOR, USER } from '../scenario/bot-platform.js';
import { eventually } from '../testbed/eventually.js';
import type { ChatUser } from '../testbed/telegram-server.js';

const SCOPES = ['ENVIRONMENTS_READ', 'ENVIRONMENTS_WRITE', 'DEPLOYMENTS_READ', 'DEPLOYMENTS_WRITE', 'LOGS_READ'];
const NOBODY = { id: 'cl0000000000000000000000x', jobId: 'AAAAAAAAAAAAAAAA' };
const OWNED = {
  deployment: 'cl0000000000000000000000d',
  jobId: 'jobOfProduction1',
  hook: 'cl0000000000000000000000h',
  run: 'cl0000000000000000000000r',
};

const bed = new BotPlatform();
let user: ChatUser;
let owner: ApiClient;
let bound: ApiClient;
let staging: string;
let prod: string;

beforeAll(async () => {
  user = bed.telegram.user(USER, 'uwe');
  bed.telegram.user(OPERATOR, 'olga');
  const platform = await bed.start({ MAX_KEYS_PER_USER: '40' });
  owner = await platform.client(String(USER), SCOPES.join(','));
  ({ id: staging } = await owner.createEnvironment('staging'));
  ({ id: prod } = await owner.createEnvironment('prod'));
  await platform.sql(
    `INSERT INTO "Deployment" (id, "jobId", name, "environmentId", status, image, tag, resources, "healthCheck", "errorCode", "completedAt")
     VALUES ($1, $2, 'api', $3, 'FAILED', 'nginx', 'alpine', '{}', '{"kind":"disabled"}', 'IMAGE_NOT_FOUND', now())`,
    [OWNED.deployment, OWNED.jobId, prod],
  );
  await platform.sql(`INSERT INTO "DeployHook" (id, "environmentId", name, secret) VALUES ($1, $2, 'api', '')`, [
    OWNED.hook,
    prod,
  ]);
  await platform.sql(
    `INSERT INTO "Run" (id, "jobId", "environmentId", "deploymentId", name, command, resources, "timeoutSeconds", status, "endedAt")
     VALUES ($1, 'runOfProduction1', $2, $3, 'api', '{true}', '{}', 60, 'FAILED', now())`,
    [OWNED.run, prod, OWNED.deployment],
  );
  bound = as(await create(owner, { name: 'ci', scopes: SCOPES, environmentIds: [staging] }));
});
afterAll(() => bed.stop());

const create = (client: ApiClient, body: object) => client.ok<KeyCreated>('POST', '/auth/keys', body);
const as = ({ apiKey }: { apiKey: string }) => new ApiClient(bed.platform.baseUrl, apiKey);
const keyOf = async (client: ApiClient): Promise<ApiKey> => (await client.ok<Me>('GET', '/auth/me')).key;
const refused = (client: ApiClient, body: object) => client.request('POST', '/auth/keys', body);

describe('a key that a key makes', () => {
  it('must say what it is bound to, who made it, and its secret once', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const bounds = { environmentIds: [staging], expiresAt, allowAddresses: ['::/0', '127.0.0.0/8'] };
    const body = { name: 'ci', scopes: ['LOGS_READ'], ...bounds };
    const { apiKey, message, ...key } = await create(owner, body);
    const { keyId: createdByKeyId } = await keyOf(owner);
    expect(key).toMatchObject({ ...body, createdByKeyId, lastUsedAt: null });
    expect(message).toContain('not shown again');
    expect(await keyOf(as({ apiKey }))).toMatchObject({ ...body, createdByKeyId });
    const { keys } = await owner.ok<ApiKeyList>('GET', '/auth/keys');
    expect(keys.find(({ keyId }) => keyId === key.keyId)).toMatchObject({ ...body, createdByKeyId });
    expect(await bed.platform.dump()).not.toContain(apiKey.split('.')[1]);
    const [event] = await bed.platform.sql<{ detail: object }>(
      `SELECT detail FROM "AuditEvent" WHERE action = 'key.created' AND "keyId" = $1`,
      [key.keyId],
    );
    expect(event?.detail).toMatchObject(body);
  });

  it('must do no more than the key that makes it', async () => {
    const soon = new Date(Date.now() + 600_000).toISOString();
    const later = new Date(Date.now() + 700_000).toISOString();
    const limits = { environmentIds: [staging], expiresAt: soon, allowAddresses: ['127.0.0.0/8'] };
    const maker = as(await create(owner, { name: 'maker', scopes: ['LOGS_READ', 'DEPLOYMENTS_READ'], ...limits }));
    const child = { name: 'child', scopes: ['LOGS_READ'] };
    expect(await create(maker, child)).toMatchObject({ ...limits, scopes: ['LOGS_READ'] });
    expect(await create(maker, { ...child, allowAddresses: ['127.0.0.1'] })).toMatchObject({
      ...limits,
      allowAddresses: ['127.0.0.1'],
    });
    expect(await refused(maker, { ...child, scopes: ['LOGS_READ', 'DEPLOYMENTS_WRITE'] })).toMatchObject({
      status: 403,
      body: { code: 'INSUFFICIENT_SCOPE', required: ['LOGS_READ', 'DEPLOYMENTS_WRITE'] },
    });
    expect(await refused(maker, { ...child, environmentIds: [staging, prod] })).toMatchObject({
      status: 404,
      body: { code: 'ENVIRONMENT_NOT_FOUND', detail: `Environment ${prod} does not exist.` },
    });
    for (const [field, value, path] of [
      ['expiresAt', later, 'expiresAt'],
      ['allowAddresses', ['127.0.0.1', '10.0.0.0/8'], 'allowAddresses.1'],
      ['allowAddresses', ['0.0.0.0/0'], 'allowAddresses.0'],
      ['allowAddresses', ['::/0'], 'allowAddresses.0'],
    ] as const)
      expect(await refused(maker, { ...child, [field]: value }), field).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED', errors: [{ path }] },
      });
  });

  it('must be refused by the name of the field when it makes no sense', async () => {
    const good = { name: 'ci', scopes: ['LOGS_READ'] };
    const operator = await bed.platform.client('42');
    expect((await refused(operator, { ...good, scopes: ['ADMIN'] })).body.errors?.[0]?.path).toBe('scopes');
    expect((await refused(operator, { ...good, environmentIds: [prod] })).body.errors?.[0]).toMatchObject({
      path: 'environmentIds.0',
      message: expect.stringContaining('your own') as string,
    });
    for (const [field, value] of [
      ...['', 'ä', '-', 'a\nb', 'x'.repeat(65), 7].map((name) => ['name', name] as const),
      ...[[], ['NOPE'], ['LOGS_READ', 'LOGS_READ'], 'LOGS_READ'].map((scopes) => ['scopes', scopes] as const),
      ...[[], ['a b'], [staging, staging], staging, [7]].map((ids) => ['environmentIds', ids] as const),
      ...['tomorrow', '2030-01-01', '2099-02-30T00:00:00Z', 4102444800000].map((at) => ['expiresAt', at] as const),
      ...[new Date(0), new Date('2400-01-01')].map((at) => ['expiresAt', at] as const),
      ...[[], ['home'], ['1.2.3.4/33'], '1.2.3.4', [7]].map((ranges) => ['allowAddresses', ranges] as const),
      ['surprise', 1],
    ] as const)
      expect(await refused(owner, { ...good, [field]: value }), `${field} ${JSON.stringify(value)}`).toMatchObject({
        status: 400,
        body: { errors: [{ path: field }] },
      });
  });
});

describe('a key that is bound to an environment', () => {
  it('must see that one in every list, and no other', async () => {
    const { environments } = await bound.ok<{ environments: { id: string }[] }>('GET', '/environments');
    expect(environments.map(({ id }) => id)).toEqual([staging]);
    expect((await bound.environment(staging)).id).toBe(staging);
    expect(await bound.deployments(staging)).toEqual([]);
    const { keyId } = await keyOf(bound);
    const { keys } = await bound.ok<ApiKeyList>('GET', '/auth/keys');
    expect(keys.map((key) => key.keyId)).toContain(keyId);
    for (const key of keys) expect(key.environmentIds).toEqual([staging]);
  });

  it('must find what is elsewhere exactly as little as what does not exist', async () => {
    const { keyId } = await keyOf(owner);
    const { uploadId } = await owner.upload(await folderOf({ 'index.html': 'of the owner' }));
    const image = { image: 'nginx', tag: 'alpine', name: 'web' };
    const fromUpload = (id: string) => ({ environmentId: staging, name: 'web', uploadId: id, dryRun: true });
    const cases: [method: string, path: string, theirs: string, nobodys: string, body?: (id: string) => object][] = [
      ['GET', '/deployments/:id', OWNED.deployment, NOBODY.id],
      ['GET', '/deployments/job/:id', OWNED.jobId, NOBODY.jobId],
      ['GET', '/deployments/job/:id?wait=5', OWNED.jobId, NOBODY.jobId],
      ['GET', '/deployments/job/:id/events', OWNED.jobId, NOBODY.jobId],
      ['GET', '/deployments/:id/logs?follow=true', OWNED.deployment, NOBODY.id],
      ['DELETE', '/hooks/:id', OWNED.hook, NOBODY.id],
      ['GET', '/runs/:id', OWNED.run, NOBODY.id],
      ['GET', '/runs/:id?wait=5', OWNED.run, NOBODY.id],
      ['GET', '/runs/:id/logs?follow=true', OWNED.run, NOBODY.id],
      ['POST', '/runs/:id/cancel', OWNED.run, NOBODY.id],
      ['GET', '/environments/:id/runs', prod, NOBODY.id],
      ['POST', '/deployments/:id/runs', OWNED.deployment, NOBODY.id, () => ({ command: ['true'] })],
      ['POST', '/environments/:id/deployments/api/runs', prod, NOBODY.id, () => ({ command: ['true'] })],
      ['GET', '/environments/:id/hooks', prod, NOBODY.id],
      ['DELETE', '/environments/:id', prod, NOBODY.id],
      ['POST', '/deployments', prod, NOBODY.id, (id) => ({ ...image, environmentId: id })],
      ['POST', '/deployments', prod, NOBODY.id, (id) => ({ ...image, environmentId: id, dryRun: true })],
      ['POST', '/deployments/from-upload', uploadId, NOBODY.id, fromUpload],
      ['POST', '/auth/revoke', keyId, NOBODY.jobId, (id) => ({ keyId: id })],
      ['POST', '/auth/keys', prod, NOBODY.id, (id) => ({ name: 'x', scopes: ['LOGS_READ'], environmentIds: [id] })],
    ];
    for (const [method, path, theirs, nobodys, body] of cases) {
      const answers = [theirs, nobodys].map(async (id) => {
        const { status, body: problem } = await bound.request(method, path.replace(':id', id), body?.(id));
        const text = JSON.stringify({ ...problem, requestId: '', timestamp: '', instance: '' });
        return { status, text: text.replaceAll(id, '…') };
      });
      const [first, second] = await Promise.all(answers);
      expect(first, `${method} ${path}`).toEqual(second);
      expect(first?.status, `${method} ${path}`).toBe(404);
    }
    expect((await owner.request('GET', '/auth/me')).status).toBe(200);
    const own = await bound.upload(await folderOf({ 'index.html': 'of the key' }));
    expect((await bound.request('POST', '/deployments/from-upload', fromUpload(own.uploadId))).status).toBe(200);
  });

  it('must create no environment, and learn nothing from the idempotency keys of others', async () => {
    const body = { name: 'preview' };
    const headers = { 'Idempotency-Key': 'the-same-for-both' };
    const made = await owner.request<{ environment: { id: string } }>('POST', '/environments', body, headers);
    expect(made.status).toBe(201);
    expect(await bound.request('POST', '/environments', body, headers)).toMatchObject({
      status: 403,
      body: { code: 'INSUFFICIENT_SCOPE', required: ['ENVIRONMENTS_WRITE'] },
    });
    const archive = await folderOf({ 'a.txt': 'a' });
    const first = await owner.send<{ uploadId: string }>('/uploads', archive, 'application/x-tar', headers);
    const second = await bound.send<{ uploadId: string }>('/uploads', archive, 'application/x-tar', headers);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('idempotency-replayed')).toBeNull();
    expect(second.body.uploadId).not.toBe(first.body.uploadId);
    await owner.deleteEnvironment(made.body.environment.id);
  });
});

describe('a key that is restricted', () => {
  it('must be refused from another address, without naming the allowed ones', async () => {
    const range = '203.0.113.0/24';
    const away = as(await create(owner, { name: 'away', scopes: ['LOGS_READ'], allowAddresses: [range] }));
    const answer = await away.request('GET', '/auth/me');
    expect(answer).toMatchObject({ status: 403, body: { code: 'KEY_ADDRESS_NOT_ALLOWED' } });
    expect(JSON.stringify(answer.body)).not.toContain('203.0');
    // Only the platform's own edge is a trusted proxy.
    const forged = await away.request('GET', '/auth/me', undefined, { 'X-Forwarded-For': '203.0.113.7' });
    expect(forged.status).toBe(403);
    const { keys } = await owner.ok<ApiKeyList>('GET', '/auth/keys');
    expect(keys.find(({ name }) => name === 'away')).toMatchObject({ lastUsedAt: null, allowAddresses: [range] });
  });

  it('must end at the moment it expires, and be listed as expired then', async () => {
    const expiresAt = new Date(Date.now() + 2000).toISOString();
    const { apiKey, keyId } = await create(owner, { name: 'brief', scopes: ['LOGS_READ'], expiresAt });
    const seen: { status: number; sentAt: number }[] = [];
    await eventually(async () => {
      const sentAt = Date.now();
      seen.push({ status: (await as({ apiKey }).request('GET', '/auth/me')).status, sentAt });
      expect(seen.at(-1)?.status).toBe(401);
    }, 10_000);
    expect(seen[0]?.status).toBe(200);
    for (const { status, sentAt } of seen) if (sentAt >= Date.parse(expiresAt)) expect(status).toBe(401);
    const { keys, expiredKeys } = await owner.ok<ApiKeyList>('GET', '/auth/keys');
    expect(keys.map((key) => key.keyId)).not.toContain(keyId);
    expect(expiredKeys[0]).toMatchObject({ keyId, name: 'brief', expiresAt });
  });

  it('must not end with the key that made it, and be named when that one is revoked', async () => {
    const maker = await create(owner, { name: 'maker', scopes: ['LOGS_READ'] });
    const child = await create(as(maker), { name: 'child', scopes: ['LOGS_READ'] });
    const grandchild = await create(as(child), { name: 'grandchild', scopes: ['LOGS_READ'] });
    const revoke = (keyId: string) => owner.ok<KeyRevoked>('POST', '/auth/revoke', { keyId });
    const left = { keyId: grandchild.keyId, name: 'grandchild' };
    expect((await revoke(child.keyId)).remainingKeys).toEqual([left]);
    const answer = await revoke(maker.keyId);
    expect(answer.remainingKeys).toEqual([left]);
    expect(answer.message).toContain(`grandchild (${grandchild.keyId})`);
    expect((await as(grandchild).request('GET', '/auth/me')).status).toBe(200);
    expect((await as(maker).request('GET', '/auth/me')).status).toBe(401);
    expect((await revoke(grandchild.keyId)).message).not.toContain('still work');
  });
});

describe('the bot and script/key', () => {
  it('must create the same kinds of keys', async () => {
    const onHost = as({
      apiKey: await bed.platform.key(
        ...['create', '--telegram-id', String(USER), '--scopes', 'LOGS_READ', '--name', 'on the host'],
        ...['--env', 'staging', '--expires-in', '1d', '--allow', '127.0.0.1'],
      ),
    });
    const bounds = { scopes: ['LOGS_READ'], environmentIds: [staging], createdByKeyId: null };
    expect(await keyOf(onHost)).toMatchObject({ ...bounds, name: 'on the host', allowAddresses: ['127.0.0.1'] });
    expect(await bed.platform.key('list')).toMatch(/\ton the host\tstaging\t127\.0\.0\.1/);

    const draft = await user.ask('/api_create bot ci');
    await user.press(draft, /staging/);
    for (const scope of [/ENVIRONMENTS_READ/, /ENVIRONMENTS_WRITE/, /DEPLOYMENTS_READ/, /DEPLOYMENTS_WRITE/])
      await user.press(draft, scope);
    await user.press(draft, /Create/);
    expect(draft.text).toContain('in staging only');
    const { apiKey } = (await (await fetch(user.find(draft, /Open/).url ?? '')).json()) as { apiKey: string };
    expect(await keyOf(as({ apiKey }))).toMatchObject({ ...bounds, name: 'bot ci' });
    expect((await user.ask('/api_list')).text).toContain('only in staging');
    expect((await user.ask('/api_create <b>')).text).toContain('A name has 1 to 20');
  });

  it('must bind a key to an environment of its user only', async () => {
    const other = await bed.platform.client('43');
    const { id } = await other.createEnvironment('theirs');
    const before = await bed.platform.counts();
    const draft = await user.ask('/api_create');
    user.forge(`key:16:30:${id}:go:`, { id: draft.id, chatId: USER });
    user.forge(`key:63:30:${staging}:go:`, { id: draft.id, chatId: USER });
    await bed.untilHandled();
    expect((await bed.platform.counts())['MagicLink']).toBe(before['MagicLink']);
    const host = (...args: string[]) => bed.platform.key('create', '--telegram-id', String(USER), ...args);
    await expect(host('--scopes', 'LOGS_READ', '--env', 'theirs')).rejects.toThrow('has no active environment');
    await expect(host('--scopes', 'ALL', '--env', 'staging')).rejects.toThrow('--env cannot bind a key with ADMIN');
  });

  it('must name the keys that remain, before and after a revocation', async () => {
    const maker = await create(owner, { name: 'maker', scopes: ['LOGS_READ'] });
    const child = await create(as(maker), { name: 'remaining', scopes: ['LOGS_READ'] });
    const message = await user.ask('/api_revoke');
    await user.press(message, new RegExp(maker.keyId));
    expect(message.text).toContain(`remaining (${child.keyId})`);
    await user.press(message, /^Revoke$/);
    expect(message.text).toContain(`still work: remaining (${child.keyId})`);
    expect((await as(child).request('GET', '/auth/me')).status).toBe(200);
  });
});
