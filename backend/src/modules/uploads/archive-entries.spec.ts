import { gzipSync } from 'node:zlib';
import { pack as createPack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { archiveEntries } from './archive-entries.js';
import { MAX_ENTRIES } from './tree-check.js';

type Given = Parameters<ReturnType<typeof createPack>['entry']>[0] & { content?: string };

async function tarOf(entries: Given[]): Promise<Buffer> {
  const pack = createPack();
  for (const { content = '', ...header } of entries) pack.entry(header, content);
  pack.finalize();
  const parts: Buffer[] = [];
  for await (const part of pack) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function* inParts(body: Buffer, bytes = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += bytes) yield await Promise.resolve(body.subarray(at, at + bytes));
}

async function read(body: Buffer, { isGzip = false, maxBytes = 10_000_000 } = {}): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { entry, content } of archiveEntries(inParts(body), { isGzip, maxBytes })) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part as Buffer);
    found[entry.name] = entry.kind === 'symlink' ? `-> ${entry.target}` : Buffer.concat(parts).toString();
  }
  return found;
}

/** Reads all entries without their content. */
async function pass(body: Buffer, isGzip: boolean): Promise<void> {
  for await (const { content } of archiveEntries(inParts(body), { isGzip, maxBytes: 1e9 })) content.resume();
}

const code = (name: string) => expect.objectContaining({ code: name }) as Error;

describe('the entries of an archive', () => {
  it('must be those of a plain tree, in tar and in gzip, without git’s own', async () => {
    const body = await tarOf([
      { name: './', type: 'directory' },
      { name: './Dockerfile', content: 'FROM scratch' },
      { name: 'src/', type: 'directory' },
      { name: 'src/a.txt', content: 'a'.repeat(5000) },
      { name: 'src/link', type: 'symlink', linkname: '../Dockerfile' },
      { name: '.git/config', content: 'secret' },
      { name: `long/${'n'.repeat(150)}/${'m'.repeat(150)}`, content: 'long' },
    ]);
    const expected = {
      Dockerfile: 'FROM scratch',
      src: '',
      'src/a.txt': 'a'.repeat(5000),
      'src/link': '-> ../Dockerfile',
      [`long/${'n'.repeat(150)}/${'m'.repeat(150)}`]: 'long',
    };
    expect(await read(body)).toEqual(expected);
    expect(await read(gzipSync(body), { isGzip: true })).toEqual(expected);
  });

  it('must keep names that are not UTF-8 apart, and names in extended headers as they are', async () => {
    const body = await tarOf([
      { name: 'a-1', content: '1' },
      { name: 'a-2', content: '2' },
      { name: 'ü', content: '3' },
    ]);
    const latin1 = body.toString('latin1').replace('a-1', '\xfc-1').replace('a-2', '\xfd-2');
    const raw = Buffer.from(latin1, 'latin1');
    for (const [at, added] of [
      [0, 0xfc - 0x61],
      [1024, 0xfd - 0x61],
    ] as const) {
      const checksum = parseInt(raw.toString('latin1', at + 148, at + 154), 8) + added;
      raw.write(checksum.toString(8).padStart(6, '0'), at + 148);
    }
    expect(await read(raw)).toEqual({ '\udcfc-1': '1', '\udcfd-2': '2', ü: '3' });
  });

  it.each<[string, Given[], RegExp]>([
    ['an absolute name', [{ name: '/etc/passwd' }], /entry \/etc\/passwd has an absolute name/],
    ['a name that leads out', [{ name: 'a/../../b' }], /entry a\/\.\.\/\.\.\/b has \.\. in its name/],
    ['a link to an absolute path', [{ name: 'l', type: 'symlink', linkname: '/etc' }], /entry l .*leads out/],
    ['a link that leads out', [{ name: 'a/l', type: 'symlink', linkname: '../../x' }], /entry a\/l .*leads out/],
    [
      'a file below a link',
      [{ name: 'l', type: 'symlink', linkname: 'd' }, { name: 'l/x' }],
      /entry l\/x lies below l/,
    ],
    ['a file below a file', [{ name: 'f' }, { name: 'f/x' }], /entry f\/x lies below f/],
    [
      'a link in place of a folder',
      [{ name: 'd/x' }, { name: 'd', type: 'symlink', linkname: 'e' }],
      /entry d is there/,
    ],
    ['a file twice', [{ name: 'a' }, { name: './a' }], /entry \.\/a is there twice/],
    ['a hard link', [{ name: 'a' }, { name: 'b', type: 'link', linkname: 'a' }], /entry b is a hard link/],
    ['a device', [{ name: 'null', type: 'character-device' }], /entry null is neither/],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }], /entry pipe is neither/],
    ['a name without end', [{ name: 'x/'.repeat(600) + 'y' }], /more than 1024 bytes/],
    ['nothing', [], /archive is empty/],
  ])('must not be %s, which is named', async (_, entries, message) => {
    const refused = read(await tarOf(entries));
    await expect(refused).rejects.toEqual(code('UPLOAD_INVALID'));
    await expect(refused).rejects.toThrow(message);
  });

  it('must be complete: a truncated body, no tar, no gzip or data after gzip is rejected', async () => {
    const body = await tarOf([{ name: 'a', content: 'a'.repeat(5000) }, { name: 'b' }]);
    const zipped = gzipSync(body);
    for (const [cut, isGzip, message] of [
      [body.subarray(0, 3000), false, /truncated/],
      [body.subarray(0, body.length - 1024), false, /truncated/],
      [Buffer.from('{"not":"a tar"}'), false, /truncated/],
      [Buffer.from('x'.repeat(2000)), false, /not a tar/],
      [Buffer.alloc(0), false, /truncated/],
      [zipped.subarray(0, zipped.length - 20), true, /not gzip, or it is truncated/],
      [body, true, /not gzip/],
      [Buffer.concat([zipped, Buffer.alloc(5000, 'x')]), true, /after the end|is not gzip/],
    ] as const)
      await expect(pass(cut, isGzip), String(message)).rejects.toThrow(message);
  });

  it('must not be larger unpacked than is allowed, nor more than a hundred thousand', async () => {
    const bomb = gzipSync(await tarOf([{ name: 'zeros', content: '\0'.repeat(3_000_000) }]));
    await expect(read(bomb, { isGzip: true, maxBytes: 2 ** 20 })).rejects.toEqual(code('PAYLOAD_TOO_LARGE'));
    const entry = (await tarOf([{ name: 'x/', type: 'directory' }])).subarray(0, 512);
    const many = Buffer.concat([...Array.from({ length: MAX_ENTRIES + 1 }, () => entry), Buffer.alloc(1024)]);
    await expect(pass(many, false)).rejects.toThrow(/more than 100000 entries/);
  }, 30_000);

  it('must end with an error of the body', async () => {
    const broken = async function* () {
      yield* inParts((await tarOf([{ name: 'a', content: 'a'.repeat(5000) }])).subarray(0, 2000));
      throw new Error('the client is gone');
    };
    const entries = archiveEntries(broken(), { isGzip: false, maxBytes: 1e6 });
    const reading = async () => {
      for await (const { content } of entries) content.resume();
    };
    await expect(reading()).rejects.toThrow('the client is gone');
  });
});
