import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { DomainError } from '#src/common/errors/domain-error.js';
import { validated } from '#src/common/validation.pipe.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { fileErrors, filesOf } from './deployment-files.js';
import { identified } from './domain/content-id.js';
import { CreateDeploymentDto } from './dto/create-deployment.dto.js';

const PLACE = { environmentId: 'clenvironment00000000000001', image: 'nginx' };
const base64 = (bytes: number) => Buffer.alloc(bytes, 1).toString('base64');

/** Faults of the DTO, else of the rules beyond single fields: `path message`. */
async function faultsOf(files: unknown, rest: object = {}): Promise<string[]> {
  try {
    const body = await validated(CreateDeploymentDto, { ...PLACE, ...rest, files });
    return fileErrors(body).map(({ path, message }) => `${path} ${message}`);
  } catch (error) {
    return ((error as DomainError).options.errors ?? []).map(({ path, message }) => `${path} ${message}`);
  }
}

const one = (file: object) => [{ path: '/etc/app.conf', content: 'x', ...file }];
const at = (path: string) => [{ path, content: 'x' }];

describe('files of a request', () => {
  it.each([
    ['nothing', undefined],
    ['an empty list', []],
    ['text', one({})],
    ['base64', [{ path: '/a', contentBase64: base64(500_000) }]],
    ['base64 with line breaks', [{ path: '/a', contentBase64: 'AAAA\r\nAA==\n' }]],
    ['500 KB of text', one({ content: 'x'.repeat(500_000) })],
    ['mode and owner', one({ mode: '640', uid: 0, gid: 2_147_483_647, secret: true })],
    ['names that begin with dots or system folders', [...at('/..a/.b'), ...at('/process/x'), ...at('/device')]],
    ['neighbors', [...at('/etc/app'), ...at('/etc/app.d/x'), ...at('/etc/app2')]],
    ['64 of them', Array.from({ length: 64 }, (_, index) => ({ path: `/f/${index}`, content: 'x' }))],
    [
      '4 MiB together',
      Array.from({ length: 8 }, (_, index) => ({ path: `/f/${index}`, contentBase64: base64(500_000) })),
    ],
  ])('must be accepted: %s', async (_title, files) => {
    expect(await faultsOf(files)).toEqual([]);
  });

  it.each([
    [one({ content: undefined }), /^files\.0\.content or contentBase64 is required/],
    [one({ content: null }), /^files\.0\.content or contentBase64 is required/],
    [one({ contentBase64: 'AAAA' }), /^files\.0\.contentBase64 cannot be combined with content/],
    [one({ content: '' }), /^files\.0\.content must not be empty/],
    [one({ content: 5 }), /^files\.0\.content must be a string/],
    [one({ content: 'x'.repeat(500_001) }), /^files\.0\.content must be at most 500 KB.*volume.*image/],
    [one({ content: 'é'.repeat(250_001) }), /^files\.0\.content must be at most 500 KB.*volume.*image/],
    [[{ path: '/a', contentBase64: base64(500_001) }], /^files\.0\.contentBase64 must be at most 500 KB.*volume/],
    [[{ path: '/a', contentBase64: 'A' }], /^files\.0\.contentBase64 must be base64/],
    [[{ path: '/a', contentBase64: 'AA=A' }], /^files\.0\.contentBase64 must be base64/],
    [[{ path: '/a', contentBase64: 'AA-_' }], /^files\.0\.contentBase64 must be base64/],
    [[{ path: '/a', contentBase64: '' }], /^files\.0\.contentBase64 must not be empty/],
    [at('etc/app.conf'), /^files\.0\.path must be an absolute path/],
    [at('/'), /^files\.0\.path must be an absolute path/],
    [at('/a:b'), /^files\.0\.path must be an absolute path/],
    [at('/a\nb'), /^files\.0\.path must be an absolute path/],
    [at('/etc/'), /^files\.0\.path must be the plain path/],
    [at('/etc//x'), /^files\.0\.path must be the plain path/],
    [at('/etc/./x'), /^files\.0\.path must be the plain path/],
    [at('/etc/../x'), /^files\.0\.path must be the plain path/],
    [at('/etc/..'), /^files\.0\.path must be the plain path/],
    [at(`/${'é'.repeat(128)}`), /^files\.0\.path must have names of at most 255 bytes/],
    [at(`/${'a/'.repeat(260)}a`), /^files\.0\.path must be at most 512/],
    [at('/proc/x'), /^files\.0\.path must be outside/],
    [at('/sys'), /^files\.0\.path must be outside/],
    [at('/dev/shm/x'), /^files\.0\.path must be outside/],
    [at('/.berth/probe'), /^files\.0\.path must be outside/],
    [at('/etc/resolv.conf'), /^files\.0\.path must be another path/],
    [at('/etc/hosts/x'), /^files\.0\.path must be another path.*\/etc\/hosts$/],
    [at('/etc'), /^files\.0\.path must be another path/],
    [at('/.dockerenv'), /^files\.0\.path must be another path/],
    [[...at('/a'), ...at('/a')], /^files\.1\.path is given twice/],
    [[...at('/a/b'), ...at('/a')], /^files\.1\.path is a folder: the file \/a\/b is inside/],
    [[...at('/a'), ...at('/a/b/c')], /^files\.0\.path is a folder: the file \/a\/b\/c is inside/],
    [one({ mode: 644 }), /^files\.0\.mode must be octal permissions in quotes/],
    [one({ mode: '0888' }), /^files\.0\.mode must be octal/],
    [one({ mode: '4755' }), /^files\.0\.mode must be octal/],
    [one({ uid: -1 }), /^files\.0\.uid must be a whole number/],
    [one({ gid: 1.5 }), /^files\.0\.gid must be a whole number/],
    [one({ gid: 2 ** 31 }), /^files\.0\.gid must be a whole number/],
    [one({ secret: 'yes' }), /^files\.0\.secret must be true or false/],
    [one({ owner: 1 }), /^files\.0\.owner is not a known field/],
    ['x', /^files must be a list/],
    [['x'], /^files/],
    [Array.from({ length: 65 }, (_, index) => ({ path: `/f/${index}`, content: 'x' })), /^files must have at most 64/],
    [
      Array.from({ length: 9 }, (_, index) => ({ path: `/f/${index}`, contentBase64: base64(490_000) })),
      /^files\.8\.contentBase64 brings the files above 4 MiB together.*volume/,
    ],
  ])('must be refused with the field and what to do: %#', async (files, expected) => {
    const faults = await faultsOf(files);
    expect(faults[0]).toMatch(expected);
  });

  it('must not lie in a volume or a folder in memory, nor hide one', async () => {
    const mounts = { volumes: [{ name: 'data', path: '/data/' }], tmpfs: [{ path: '/a/cache', sizeMb: 1 }] };
    expect(
      await faultsOf([...at('/data/x'), ...at('/data'), ...at('/a'), ...at('/database'), ...at('/a/b')], mounts),
    ).toEqual([
      'files.0.path is /data/x, inside the volume data at /data: choose a path outside',
      'files.1.path is /data, where the volume data is: choose another path',
      'files.2.path is /a, a folder: the tmpfs at /a/cache is inside',
    ]);
  });

  it('must have defaults, and the bytes that were meant', async () => {
    const body = await validated(CreateDeploymentDto, {
      ...PLACE,
      files: [
        { path: '/a', content: 'é' },
        { path: '/b', contentBase64: 'AP8=', mode: '640', uid: 5, secret: true },
      ],
    });
    const defaults = { uid: 0, gid: 0, secret: false, mode: '0444' };
    expect(filesOf(body)).toEqual([
      { ...defaults, path: '/a', content: Buffer.from('é') },
      { ...defaults, path: '/b', content: Buffer.from([0, 255]), mode: '0640', uid: 5, secret: true },
    ]);
  });
});

describe('the id of a content', () => {
  const boxOf = (digit: string) => new SecretBox(Config.load({ ENCRYPTION_KEY: digit.repeat(64) }, '/no/such/file'));
  const file = { path: '/a', mode: '0444', uid: 0, gid: 0, content: Buffer.from('hunter2') };

  it('must be equal for equal contents of a kind only, and tell nothing of a secret without the key', () => {
    const files = [
      { ...file, secret: true },
      { ...file, path: '/b', secret: false },
      { ...file, path: '/c', secret: false, content: Buffer.from('hunter3') },
    ];
    const { files: stored, contents } = identified(files, boxOf('0'));
    const ids = stored.map(({ contentId }) => contentId);
    expect([new Set(ids).size, contents.size]).toEqual([3, 3]);
    expect(identified(files, boxOf('0')).files).toEqual(stored);
    expect(identified(files, boxOf('1')).files[0]?.contentId).not.toBe(ids[0]);
    expect(stored.map(({ sha256 }) => sha256?.length ?? null)).toEqual([null, 64, 64]);
    expect(JSON.stringify(stored)).not.toContain('hunter');
  });
});
