import { describe, expect, it } from 'vitest';
import { parseImageReference, pinned, referenceFault, referenceOf } from './image-reference.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('a registry reference', () => {
  it.each([
    ['nginx', { repository: 'nginx', tag: undefined, digest: undefined, registry: 'docker.io' }],
    ['nginx:alpine', { repository: 'nginx', tag: 'alpine', digest: undefined, registry: 'docker.io' }],
    ['owner/image:1.2', { repository: 'owner/image', tag: '1.2', digest: undefined, registry: 'docker.io' }],
    [`ghcr.io/o/i@${DIGEST}`, { repository: 'ghcr.io/o/i', tag: undefined, digest: DIGEST, registry: 'ghcr.io' }],
    [
      '127.0.0.1:5001/acme/web:1',
      { repository: '127.0.0.1:5001/acme/web', tag: '1', digest: undefined, registry: '127.0.0.1:5001' },
    ],
    [
      'localhost/a__b/c-d.e',
      { repository: 'localhost/a__b/c-d.e', tag: undefined, digest: undefined, registry: 'localhost' },
    ],
  ])('must be understood: %s', (text, parts) => {
    expect(parseImageReference(text)).toEqual(parts);
  });

  it.each([
    '',
    ' ',
    'Nginx',
    'nginx:',
    'nginx:a b',
    'nginx@sha256:short',
    'a//b',
    '/nginx',
    'nginx/',
    'a..b',
    '-a',
    'nginx;rm -rf /',
    '../etc',
    'http://x/y',
    'x@y@z',
    'a'.repeat(256),
    'nginx\n',
    'a:1:2',
  ])('must be refused: %j', (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });

  it.each([
    ['Busybox', 'must be lower-case but for the tag: busybox'],
    ['Library/Nginx:Alpine', 'must be lower-case but for the tag: library/nginx:Alpine'],
    ['GHCR.io/Owner/Web', 'must be lower-case but for the tag: ghcr.io/owner/web'],
    ['localhost:5000/Web:V1', 'must be lower-case but for the tag: localhost:5000/web:V1'],
    [`Web@${DIGEST}`, `must be lower-case but for the tag: web@${DIGEST}`],
    [' nginx', 'must have no blanks around it'],
    ['https://ghcr.io/o/i', 'must begin with the registry, without https://: nginx'],
    ['nginx@sha256:short', 'must end with @sha256: and 64 hexadecimal digits'],
    ['a//b', 'must be a registry reference such as nginx'],
    ['nginx:', 'must be a registry reference such as nginx'],
  ])('must be told what is wrong with it: %j', (text, fault) => {
    expect(referenceFault(text, 'nginx')).toBe(fault);
  });

  it('must run by its digest once it is known', () => {
    expect(pinned('ghcr.io/o/i', DIGEST)).toBe(`ghcr.io/o/i@${DIGEST}`);
    expect(referenceOf('nginx', 'alpine', null)).toBe('nginx:alpine');
  });
});
