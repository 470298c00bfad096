import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPathGlob } from '#src/common/glob.js';
import { deliveryIdOf, isSigned } from './hook-signature.js';
import { matchesPaths, parsePush } from './push-event.js';

const secret = 'a secret of 32 characters or so…';
const body = Buffer.from('{"ref":"refs/heads/main"}');
const now = new Date('2026-01-01T00:00:00Z');
const hmac = (text: string | Buffer) => createHmac('sha256', secret).update(text);

describe('the signature of a delivery', () => {
  it('must be accepted as GitHub and GitLab send it', () => {
    const github = { 'x-hub-signature-256': `sha256=${hmac(body).digest('hex')}` };
    expect(isSigned({ headers: github, body }, secret, now)).toBe(true);
    expect(isSigned({ headers: { 'x-gitlab-token': secret }, body }, secret, now)).toBe(true);
    const time = String(now.getTime() / 1000);
    const signature = `v1,AAAA v1,${hmac(`msg_1.${time}.${body.toString()}`).digest('base64')}`;
    const standard = { 'webhook-id': 'msg_1', 'webhook-timestamp': time, 'webhook-signature': signature };
    expect(isSigned({ headers: standard, body }, secret, now)).toBe(true);
    const late = new Date(now.getTime() + 301_000);
    expect(isSigned({ headers: standard, body }, secret, late)).toBe(false);
    expect(isSigned({ headers: { ...standard, 'webhook-id': 'msg_2' }, body }, secret, now)).toBe(false);
  });

  it.each([
    {},
    { 'x-hub-signature-256': '' },
    { 'x-hub-signature-256': `sha1=${hmac(body).digest('hex')}` },
    { 'x-hub-signature-256': `sha256=${hmac('{}').digest('hex')}` },
    { 'x-hub-signature-256': [`sha256=${hmac(body).digest('hex')}`] },
    { 'x-hub-signature-256': 'wrong', 'x-gitlab-token': secret },
    { 'x-gitlab-token': 'a secret' },
    { 'webhook-signature': 'v1,' },
  ])('must be refused otherwise: %j', (headers) => {
    expect(isSigned({ headers, body }, secret, now)).toBe(false);
  });

  it('must name the delivery by what it signs: another id does not make another delivery of a captured body', () => {
    const captured = { 'x-hub-signature-256': 'sha256=0', 'x-github-delivery': 'one' };
    const again = { ...captured, 'x-github-delivery': 'two', 'webhook-id': 'three', 'webhook-signature': 'v1,x' };
    expect(deliveryIdOf({ headers: again, body })).toBe(deliveryIdOf({ headers: captured, body }));
    expect(deliveryIdOf({ headers: captured, body: Buffer.from('{}') })).not.toBe(
      deliveryIdOf({ headers: captured, body }),
    );
    const standard = (id: string) => ({ 'webhook-id': id, 'webhook-signature': 'v1,x' });
    expect(deliveryIdOf({ headers: standard('a'), body })).not.toBe(deliveryIdOf({ headers: standard('b'), body }));
  });
});

describe('a push', () => {
  it('must be of an existing branch', () => {
    expect(parsePush({ ref: 'refs/heads/feature/x', after: 'abc' })?.branch).toBe('feature/x');
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
