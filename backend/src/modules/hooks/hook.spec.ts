import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPathGlob } from '#src/common/glob.js';
import { FormPayload } from './form-payload.js';
import { notAPush, unknownContent, unsigned, wronglySigned } from './hook-refusals.js';
import { DeliveryCheck, type DeliveryHeaders, proofOf } from './hook-signature.js';
import { matchesPaths, parsePush } from './push-event.js';
import { parseDelivery, readPush } from './push-parser.js';

const secret = 'a secret of 32 characters or so…';
const body = Buffer.from('{"ref":"refs/heads/main"}');
const now = new Date('2026-01-01T00:00:00Z');
const hmac = (text: string | Buffer) => createHmac('sha256', secret).update(text);
const hexOf = (text: string | Buffer) => hmac(text).digest('hex');

interface Delivery {
  headers: DeliveryHeaders;
  body: Buffer;
  isForm?: boolean;
}

/** The check of a delivery that arrives byte by byte. */
function checkOf({ headers, body: bytes, isForm }: Delivery, at = now): DeliveryCheck | undefined {
  const proof = proofOf(headers, at);
  if (!proof) return undefined;
  const check = new DeliveryCheck(proof, secret);
  const form = isForm ? new FormPayload() : undefined;
  for (const byte of bytes) {
    const part = Buffer.of(byte);
    check.add(part, form?.push(part));
  }
  return check;
}

const isSigned = (delivery: Delivery, at = now) => checkOf(delivery, at)?.isValid() ?? false;
const deliveryIdOf = (delivery: Delivery) => checkOf(delivery)?.deliveryId();
const formOf = (json: string) => Buffer.from(new URLSearchParams({ payload: json }).toString());

describe('the signature of a delivery', () => {
  it.each([
    { 'x-hub-signature-256': `sha256=${hexOf(body)}`, 'x-hub-signature': 'sha1=0' },
    { 'x-forgejo-signature': hexOf(body), 'x-gitea-signature': hexOf(body), 'x-hub-signature': 'sha1=0' },
    { 'x-gitea-signature': hexOf(body) },
    { 'x-gogs-signature': hexOf(body) },
    { 'x-event-key': 'repo:push', 'x-hub-signature': `sha256=${hexOf(body)}` },
    { 'x-gitlab-token': secret },
    { authorization: `Basic ${Buffer.from(`any:${secret}`).toString('base64')}` },
  ])('must be accepted as the forges send it: %j', (headers) => {
    expect(isSigned({ headers, body })).toBe(true);
    expect(isSigned({ headers, body: Buffer.from('{}') })).toBe(
      !Object.keys(headers).some((name) => /sign/.test(name)),
    );
  });

  it('must be accepted as Standard Webhooks define it', () => {
    const time = String(now.getTime() / 1000);
    const signature = `v1,AAAA v1,${hmac(`msg_1.${time}.${body.toString()}`).digest('base64')}`;
    const standard = { 'webhook-id': 'msg_1', 'webhook-timestamp': time, 'webhook-signature': signature };
    expect(isSigned({ headers: standard, body })).toBe(true);
    expect(isSigned({ headers: standard, body }, new Date(now.getTime() + 301_000))).toBe(false);
    expect(isSigned({ headers: { ...standard, 'webhook-id': 'msg_2' }, body })).toBe(false);
  });

  it('must be accepted over the form, as GitHub signs it, and over its JSON, as Gitea does', () => {
    const json = '{"ref":"refs/heads/ünï &=+%"}';
    const form = formOf(json);
    expect(isSigned({ headers: { 'x-hub-signature-256': `sha256=${hexOf(form)}` }, body: form, isForm: true })).toBe(
      true,
    );
    expect(isSigned({ headers: { 'x-gitea-signature': hexOf(json) }, body: form, isForm: true })).toBe(true);
    expect(isSigned({ headers: { 'x-gitea-signature': hexOf('{}') }, body: form, isForm: true })).toBe(false);
  });

  it('must be of the body: that of nothing proves nothing', () => {
    for (const header of ['x-hub-signature-256', 'x-gitea-signature']) {
      const headers = { [header]: header.endsWith('256') ? `sha256=${hexOf('')}` : hexOf('') };
      expect(isSigned({ headers, body })).toBe(false);
      expect(isSigned({ headers, body: formOf('{}'), isForm: true })).toBe(false);
      expect(isSigned({ headers, body: Buffer.from('other=1'), isForm: true })).toBe(false);
    }
  });

  it.each<DeliveryHeaders>([
    {},
    { 'x-hub-signature-256': '' },
    { 'x-hub-signature-256': `sha1=${hexOf(body)}` },
    { 'x-hub-signature-256': `sha256=${hexOf('{}')}` },
    { 'x-hub-signature-256': [`sha256=${hexOf(body)}`] },
    { 'x-hub-signature-256': 'wrong', 'x-gitlab-token': secret },
    { 'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}` },
    { 'x-gitea-signature': '' },
    { 'x-gitlab-token': 'a secret' },
    { authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
    { authorization: `Bearer ${secret}` },
    { 'webhook-signature': 'v1,' },
  ])('must be refused otherwise: %j', (headers) => {
    expect(isSigned({ headers, body })).toBe(false);
  });

  it('must name the delivery by what it signs: another id does not make another delivery of a captured body', () => {
    const captured = { 'x-hub-signature-256': 'sha256=0', 'x-github-delivery': 'one' };
    const again = { ...captured, 'x-github-delivery': 'two', 'webhook-id': 'three', 'webhook-signature': 'v1,x' };
    const id = deliveryIdOf({ headers: captured, body });
    expect(id).toBe(createHash('sha256').update(body).digest('hex'));
    expect(deliveryIdOf({ headers: again, body })).toBe(id);
    expect(deliveryIdOf({ headers: captured, body: Buffer.from('{}') })).not.toBe(id);
    // What a form has beside the JSON may be unsigned, as may its encoding.
    const form = Buffer.concat([Buffer.from('x=1&'), formOf(body.toString()), Buffer.from('&y=2')]);
    expect(deliveryIdOf({ headers: captured, body: form, isForm: true })).toBe(id);
    const standard = (name: string) => ({ 'webhook-id': name, 'webhook-signature': 'v1,x' });
    expect(deliveryIdOf({ headers: standard('a'), body })).not.toBe(deliveryIdOf({ headers: standard('b'), body }));
  });
});

describe('the payload of a form', () => {
  const decode = (form: string, size: number) => {
    const payload = new FormPayload();
    const bytes = Buffer.from(form);
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(payload.push(bytes.subarray(at, at + size)));
    return Buffer.concat(parts).toString();
  };

  it.each([1, 2, 3, 7, 1000])('must be decoded wherever its parts of %i bytes end', (size) => {
    const json = JSON.stringify({ text: 'a b+c&d=e%f — ü 😀', list: [1, 2] });
    const form = new URLSearchParams({ payload: json }).toString();
    for (const text of [form, `other=1&${form}`, `${form}&payload=x`, `${'n'.repeat(50)}=${'v'.repeat(50)}&${form}`])
      expect(decode(text, size)).toBe(json);
    for (const text of ['', 'payload', 'payload=', 'data=x', '{"ref":"a"}', '&&', 'payloads=x&a'])
      expect(decode(text, size)).toBe('');
  });
});

describe('a refusal', () => {
  it('must say what to change in the forge', () => {
    const hintOf = (headers: DeliveryHeaders, refuse = unsigned) => refuse(headers).options.hint;
    expect(hintOf({ 'x-github-event': 'push' })).toContain('Settings > Webhooks > Secret');
    expect(hintOf({ 'x-gitlab-event': 'Push Hook' }, wronglySigned)).toContain('Secret token');
    expect(hintOf({})).toContain('Azure DevOps');
    expect(hintOf({ 'x-hub-signature': 'sha1=0' })).toContain('X-Hub-Signature-256');
    expect(hintOf({ 'content-type': 'text/plain' }, unknownContent)).toContain('application/json');
  });

  it('of another event must name it, and answer a ping', () => {
    expect(notAPush({ 'x-github-event': 'ping' })).toContain('the hook works');
    expect(notAPush({ 'x-event-key': 'diagnostics:ping' })).toContain('the hook works');
    expect(notAPush({ 'x-github-event': 'issues' })).toContain('event issues, not a push');
    expect(notAPush({ 'x-gitea-event': 'push', 'x-github-event': 'push' })).toContain('not a push to a branch');
    expect(notAPush({})).toContain('not a push to a branch');
  });
});

describe('a push', () => {
  it('must be of an existing branch', () => {
    expect(parsePush({ ref: 'refs/heads/feature/x', after: 'abc' })?.branches).toEqual(['feature/x']);
    for (const other of [
      null,
      'text',
      {},
      { zen: 'ping' },
      { ref: 'refs/tags/v1', after: 'abc' },
      { ref: 'refs/heads/main', deleted: true },
      { ref: 'refs/heads/main', after: '0'.repeat(40) },
    ])
      expect(parsePush(other)).toBeUndefined();
  });

  it.each([
    [{ push: { changes: [{ new: { type: 'branch', name: 'main', target: { hash: 'a' } } }] } }, ['main']],
    [
      { push: { changes: [{ new: null, old: { type: 'branch', name: 'x' } }, { new: { type: 'tag', name: 'v1' } }] } },
      undefined,
    ],
    [
      {
        push: { changes: ['x', null, { new: { type: 'branch', name: 'a' } }, { new: { type: 'branch', name: 'b' } }] },
      },
      ['a', 'b'],
    ],
    [{ changes: [{ ref: { id: 'refs/heads/main', type: 'BRANCH' }, toHash: 'a', type: 'UPDATE' }] }, ['main']],
    [
      { changes: [{ ref: { id: 'refs/heads/main', type: 'BRANCH' }, toHash: '0'.repeat(40), type: 'DELETE' }] },
      undefined,
    ],
    [{ resource: { refUpdates: [{ name: 'refs/heads/main', newObjectId: 'a'.repeat(40) }] } }, ['main']],
    [{ resource: { refUpdates: [{ name: 'refs/heads/main', newObjectId: '0'.repeat(40) }] } }, undefined],
    [{ push: 7, changes: {}, resource: [] }, undefined],
  ])('must be read as Bitbucket and Azure DevOps send it: %j', (delivery, branches) => {
    expect(parsePush(delivery)?.branches).toEqual(branches);
    expect(parsePush(delivery)?.files).toBeUndefined();
  });

  it('must not be taken for whole when it lists some of its commits', () => {
    const commits = [{ modified: ['a'] }];
    expect(parsePush({ ref: 'refs/heads/main', commits, total_commits: 1 })?.files).toEqual(['a']);
    expect(parsePush({ ref: 'refs/heads/main', commits, total_commits: 2 })?.files).toBeUndefined();
    expect(parsePush({ ref: 'refs/heads/main', commits, total_commits_count: 2 })?.files).toBeUndefined();
  });

  it('must be JSON', async () => {
    for (const text of ['', '{', '"text"', '7', 'null', 'payload=%7B%7D'])
      expect(await parseDelivery([Buffer.from(text)])).toHaveProperty('refusal');
    expect(await parseDelivery([Buffer.from('{"ref":"refs/he'), Buffer.from('ads/main"}')])).toMatchObject({
      push: { branches: ['main'] },
    });
    expect(await parseDelivery([Buffer.from('{"zen":"z"}')])).toEqual({ push: undefined });
  });

  it.each([
    ['nested lists', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`],
    ['empty objects', `{"a":[${'{},'.repeat(500_001)}{}]}`],
    ['lists in lists', `{"a":[${'[[[[[[[[]]]]]]]],'.repeat(130_000)}1]}`],
    [
      'names',
      `{"a":[${Array.from({ length: 500 }, (_, n) => `{${Array.from({ length: 450 }, (__, m) => `"${n}-${m}":1`).join()}}`).join()}]}`,
    ],
  ])(
    'must be refused when JSON.parse would take too much memory: %s',
    (_title, text) => {
      expect(readPush(Buffer.from(text))).toMatchObject({ refusal: expect.stringContaining('must') as string });
    },
    30_000,
  );

  it('must match by the files it changed, and always when it does not list them', async () => {
    const push = parsePush({
      ref: 'refs/heads/main',
      commits: [{ added: ['services/api/new.ts'], modified: [], removed: [] }, { modified: ['README.md', 7] }, null],
    });
    expect(push?.files).toEqual(['services/api/new.ts', 'README.md']);
    expect(await matchesPaths(push?.files, [])).toBe(true);
    expect(await matchesPaths(push?.files, ['services/api/**'])).toBe(true);
    expect(await matchesPaths(push?.files, ['*.md'])).toBe(true);
    expect(await matchesPaths(push?.files, ['services/web/**', '*.txt'])).toBe(false);
    expect(await matchesPaths(parsePush({ ref: 'refs/heads/main', commits: [] })?.files, ['a'])).toBe(true);
  });

  it('must be of a branch that git would accept', () => {
    for (const name of ['', 'a\0', '\ud800 x', '-x', 'a..b', 'x'.repeat(300)])
      expect(parsePush({ ref: `refs/heads/${name}`, after: 'abc' })).toBeUndefined();
  });

  it('must match in linear time, and when it is larger than what is looked at', async () => {
    const globs = Array.from({ length: 50 }, () => `${'*a'.repeat(60)}b`);
    const began = performance.now();
    expect(await matchesPaths(['a'.repeat(60), 'a'.repeat(1000)], globs)).toBe(false);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(
      await matchesPaths(
        Array.from({ length: 1001 }, () => 'x'),
        ['y'],
      ),
    ).toBe(true);
    expect(await matchesPaths(['x'.repeat(100_001)], ['y'])).toBe(true);
    expect(await matchesPaths(['x'], ['{1..2000000}'])).toBe(true);
  });

  it.each(['{a,b}', '[a]', 'a\\b', '!a', '+(a)', '', 'x'.repeat(129)])('must not have the glob %j', (glob) => {
    expect(isPathGlob(glob)).toBe(false);
  });

  it.each(['services/api/**', '*.md', 'app/(group)/?', 'a+b@c!'])('may have the glob %j', (glob) => {
    expect(isPathGlob(glob)).toBe(true);
  });
});
