import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { eventually } from '../testbed/eventually.js';

interface Created {
  hook: { id: string; url: string };
  secret: string;
}

interface Outcome {
  outcome: string;
  message: string;
  jobId?: string;
  code?: string;
}

const METRICS_TOKEN = 'a-token-of-metrics';
const MAX_DELAY_SECONDS = 1;

const engine = new EngineView();
let bed: GitPlatform;
let client: ApiClient;
let environmentId: string;
let created: Created;

beforeAll(async () => {
  bed = await startGitPlatform({ RATE_LIMIT_MAX: '1000', METRICS_TOKEN });
  ({ client } = bed);
  ({ id: environmentId } = await client.createEnvironment());
  await bed.git.create('shop', dockerApplication('first'));
  const body = { environmentId, name: 'web', gitUrl: bed.git.url('shop'), branch: 'main', ports: [{ container: 80 }] };
  await client.runFromGit(body);
});
afterAll(() => bed?.stop());

const push = (more: object = {}) => ({
  ref: 'refs/heads/main',
  after: 'a'.repeat(40),
  commits: [{ added: [], modified: ['services/api/index.html'], removed: [] }],
  ...more,
});

/** As GitHub sends it, unless something else is said. */
async function deliver(
  body: unknown,
  { secret = created.secret, id = `${Math.random()}`, url = created.hook.url, headers = {} } = {},
): Promise<{ status: number; body: Outcome }> {
  const text = JSON.stringify(body);
  const signature = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const answer = await fetch(url, {
    method: 'POST',
    body: text,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': id,
      'x-hub-signature-256': signature,
      ...headers,
    },
  });
  return { status: answer.status, body: (await answer.json()) as Outcome };
}

describe('push to deploy', () => {
  it('must be for what was made from Git, once for a name, with a secret that is shown once', async () => {
    await client.run({ environmentId, name: 'image', image: 'busybox', tag: '1.36', command: ['sleep', '86400'] });
    const path = `/environments/${environmentId}/hooks`;
    expect((await client.request('POST', path, { name: 'image' })).body.code).toBe('DEPLOYMENT_NOT_FOUND');
    expect((await client.request('POST', path, { name: 'web', paths: 7 })).body.errors?.[0]?.path).toBe('paths');
    created = await client.ok<Created>('POST', path, { name: 'web', paths: ['services/api/**', '*.md'] });
    expect(created.secret).toMatch(/^[0-9a-f]{64}$/);
    expect((await client.request('POST', path, { name: 'web' })).body.code).toBe('HOOK_EXISTS');
    expect(JSON.stringify(await client.ok('GET', path))).not.toContain(created.secret);
    expect(await bed.platform.dump()).not.toContain(created.secret);
    const stranger = await bed.platform.client('2', 'DEPLOYMENTS_READ,DEPLOYMENTS_WRITE');
    expect((await stranger.request('GET', path)).status).toBe(404);
    expect((await stranger.request('DELETE', `/hooks/${created.hook.id}`)).body.code).toBe('HOOK_NOT_FOUND');
  });

  it('must release the newest commit of the branch, and tell what became of it', async () => {
    const sha = await bed.git.commit('shop', dockerApplication('second'));
    const { status, body } = await deliver(push());
    expect([status, body.outcome]).toEqual([200, 'DEPLOYING']);
    const deployment = await client.settled(body.jobId ?? '', 120_000);
    expect(deployment, deployment.errorMessage ?? '').toMatchObject({ status: 'RUNNING', gitCommitSha: sha });
    expect((await engine.exec(deployment.id, 'cat', '/srv/index.html')).output).toContain('second');
    const { hooks } = await client.ok<{ hooks: object[] }>('GET', `/environments/${environmentId}/hooks`);
    expect(hooks[0]).toMatchObject({ lastOutcome: 'A push to main is being deployed.' });
  });

  it('must take a delivery once, however often it comes', async () => {
    const before = (await client.deployments(environmentId)).length;
    // The header with the delivery's id is not signed: a captured body could come with any other.
    const same = push({ after: 'b'.repeat(40) });
    const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(same)));
    expect(answers.map(({ body }) => body.outcome).sort()).toEqual(['DEPLOYING', ...Array<string>(4).fill('REPLAYED')]);
    expect(await client.deployments(environmentId)).toHaveLength(before + 1);
    const jobId = answers.find(({ body }) => body.jobId)?.body.jobId ?? '';
    expect((await client.settled(jobId, 120_000)).status).toBe('RUNNING');
  });

  it('must ignore what is not meant, and say why', async () => {
    const before = (await client.deployments(environmentId)).length;
    for (const [body, why] of [
      [{ zen: 'ping' }, 'not a push'],
      [push({ ref: 'refs/heads/other' }), 'a push to other, not to main'],
      [push({ ref: 'refs/tags/v1' }), 'not a push'],
      [push({ after: '0'.repeat(40), deleted: true }), 'not a push'],
      [push({ commits: [{ modified: ['services/web/a.ts'] }] }), 'none of the paths'],
    ] as const) {
      const { status, body: outcome } = await deliver(body);
      expect([status, outcome.outcome, outcome.message]).toEqual([200, 'IGNORED', expect.stringContaining(why)]);
    }
    expect(await client.deployments(environmentId)).toHaveLength(before);
  });

  it('must refuse what is not signed with its secret, alike for hooks that do not exist', async () => {
    const wrong = await deliver(push(), { secret: 'wrong' });
    const nowhere = await deliver(push(), { url: created.hook.url.replace(/[0-9a-z]{6}$/, 'abcdef') });
    for (const { status, body } of [wrong, nowhere])
      expect([status, body.code]).toEqual([401, 'HOOK_SIGNATURE_INVALID']);
    const token = await deliver(push({ commits: [] }), { secret: 'x', headers: { 'x-hub-signature-256': '' } });
    expect(token.status).toBe(401);
  });

  it('must take GitLab’s token, too, and nothing once the hook is deleted', async () => {
    const headers = {
      'content-type': 'application/json',
      'x-gitlab-token': created.secret,
      'x-gitlab-event': 'Push Hook',
    };
    const body = JSON.stringify(push({ object_kind: 'push' }));
    const taken = await fetch(created.hook.url, { method: 'POST', body, headers });
    const { outcome, jobId } = (await taken.json()) as Outcome;
    expect(outcome).toBe('DEPLOYING');
    await client.settled(jobId ?? '', 120_000);
    await client.ok('DELETE', `/hooks/${created.hook.id}`);
    expect((await deliver(push())).status).toBe(401);
  });

  it('must take deliveries as the forges send them, up to 25 MB, without delaying others', async () => {
    created = await client.ok<Created>('POST', `/environments/${environmentId}/hooks`, { name: 'web' });
    const { url } = created.hook;
    const json = { 'content-type': 'application/json' };
    const hmac = (body: string) => createHmac('sha256', created.secret).update(body).digest('hex');
    const send = async (body: string, headers: Record<string, string>) => {
      const answer = await fetch(url, { method: 'POST', body, headers });
      return { status: answer.status, ...((await answer.json()) as Outcome & { hint?: string }) };
    };
    let byte = 0;
    const text = (more: object = {}) =>
      JSON.stringify(push({ after: (++byte).toString(16).padStart(40, 'c'), ...more }));
    const form = (body: string) => new URLSearchParams({ payload: body }).toString();
    const formType = { 'content-type': 'application/x-www-form-urlencoded' };
    const commit = (size: number) => ({ id: 'b'.repeat(40), message: 'm'.repeat(size), added: ['a'], modified: [] });
    const large = text({ commits: Array.from({ length: 2048 }, () => commit(12_000)) });
    const bitbucket = JSON.stringify({ push: { changes: [{ new: { type: 'branch', name: 'main' } }] } });
    const azure = JSON.stringify({ resource: { refUpdates: [{ name: 'refs/heads/main', newObjectId: 'a' }] } });
    const ofForm = form(text());
    const ofGitea = text();
    const password = Buffer.from(`any:${created.secret}`).toString('base64');
    for (const [body, headers] of [
      [ofForm, { ...formType, 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac(ofForm)}` }],
      [form(ofGitea), { ...formType, 'x-gitea-signature': hmac(ofGitea) }],
      [bitbucket, { ...json, 'x-event-key': 'repo:push', 'x-hub-signature': `sha256=${hmac(bitbucket)}` }],
      [azure, { ...json, authorization: `Basic ${password}` }],
      [large, { ...json, 'x-hub-signature-256': `sha256=${hmac(large)}` }],
    ] as [string, Record<string, string>][]) {
      await bed.platform.eventLoopDelay(METRICS_TOKEN);
      const { outcome, jobId, message } = await send(body, headers);
      expect(outcome, message).toBe('DEPLOYING');
      expect(await bed.platform.eventLoopDelay(METRICS_TOKEN)).toBeLessThan(MAX_DELAY_SECONDS);
      await client.request('POST', `/deployments/job/${jobId ?? ''}/cancel`);
    }
    const ping = '{"zen":"z"}';
    const pinged = await send(ping, {
      ...json,
      'x-github-event': 'ping',
      'x-hub-signature-256': `sha256=${hmac(ping)}`,
    });
    expect(pinged).toMatchObject({
      status: 200,
      outcome: 'IGNORED',
      message: expect.stringContaining('works') as string,
    });
    expect(await send(ping, { ...json, 'x-github-event': 'push' })).toMatchObject({
      status: 401,
      hint: expect.stringContaining('Secret') as string,
    });
    expect(await send(ping, { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      hint: expect.stringContaining('application/json') as string,
    });
    const huge = 'x'.repeat(26 * 2 ** 20);
    expect((await send(huge, { ...json, 'x-hub-signature-256': `sha256=${hmac(huge)}` })).status).toBe(413);
    expect((await send(large, { ...json, 'x-hub-signature-256': `sha256=${hmac('')}` })).status).toBe(401);
    await client.ok('DELETE', `/hooks/${created.hook.id}`);
  });

  it('must end with the key that made it, and with its user', async () => {
    const path = `/environments/${environmentId}/hooks`;
    await client.request('DELETE', `/hooks/${created.hook.id}`);
    const maker = await bed.platform.client('1', 'DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,ENVIRONMENTS_READ');
    const keyId = maker.apiKey.split('.')[0]?.replace('rw_prod_', '') ?? '';
    created = await maker.ok<Created>('POST', path, { name: 'web' });
    const reader = await bed.platform.client('1', 'LOGS_READ');
    const refused = await reader.request('POST', '/auth/revoke', { keyId });
    expect(refused).toMatchObject({ status: 403, body: { code: 'INSUFFICIENT_SCOPE' } });
    expect((await deliver(push({ ref: 'refs/heads/none' }))).status).toBe(200);
    const answer = await maker.ok<object>('POST', '/auth/revoke', { keyId });
    const { id } = created.hook;
    expect(answer).toMatchObject({
      message: expect.stringContaining('web') as string,
      suspendedHooks: [{ id, environmentId, name: 'web' }],
    });
    expect(await deliver(push())).toMatchObject({ status: 403, body: { code: 'HOOK_SUSPENDED' } });
    const { hooks } = await client.ok<{ hooks: object[] }>('GET', path);
    expect(hooks[0]).toMatchObject({ id, keyId, suspendedReason: expect.stringContaining('revoked') as string });
    await client.ok('DELETE', `/hooks/${id}`);

    created = await client.ok<Created>('POST', path, { name: 'web' });
    await bed.platform.sql(`UPDATE "User" SET access = 'REMOVED' WHERE "telegramId" = '1'`);
    expect(await deliver(push())).toMatchObject({ status: 403, body: { code: 'HOOK_SUSPENDED' } });
    await bed.platform.sql(`UPDATE "User" SET access = 'ALLOWED' WHERE "telegramId" = '1'`);
    expect((await deliver(push({ ref: 'refs/heads/none' }))).status).toBe(200);
    await client.ok('DELETE', `/hooks/${created.hook.id}`);
  });

  it('must start nothing that its owner has taken away', async () => {
    created = await client.ok<Created>('POST', `/environments/${environmentId}/hooks`, { name: 'web' });
    const running = (await client.deployments(environmentId)).find(
      ({ name, status }: Deployment) => name === 'web' && status === 'RUNNING',
    );
    await client.ok('DELETE', `/deployments/${running?.id ?? ''}`);
    expect((await deliver(push())).body).toMatchObject({ outcome: 'IGNORED' });
    await eventually(async () => expect(await engine.servicesOf(running?.id ?? '')).toEqual([]), 30_000);
  });
});
