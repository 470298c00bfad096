import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildContext } from './build-context.js';
import { PLANNING_TASKS, type RunPlanning } from './planning-tasks.js';
import { FolderTree } from './folder-tree.js';

const COMMITTED = new Date('2026-01-02T03:04:05Z');

const inThisThread: RunPlanning = (task, input) => Promise.resolve(PLANNING_TASKS[task](input as never) as never);

describe('a build context', () => {
  let tree: string;
  beforeEach(() => {
    tree = mkdtempSync(path.join(tmpdir(), 'berth-context-'));
  });
  afterEach(() => rmSync(tree, { recursive: true, force: true }));

  const file = (name: string, content = name, mode = 0o600) => {
    mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
    writeFileSync(path.join(tree, name), content, { mode });
  };
  const read = (folder = '.', dockerfile: string | null = null) =>
    FolderTree.open(tree, folder).then((files) => BuildContext.of(files, dockerfile, inThisThread));

  async function packed(context: BuildContext, prefix = '') {
    const entries: Record<
      string,
      { mode: number; content: string; mtime: Date; uid: number; linkname: string | null }
    > = {};
    const unpack = extract();
    (await context.pack(prefix, [{ name: 'Dockerfile', content: 'FROM x' }], COMMITTED)).pipe(unpack as never);
    for await (const entry of unpack) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const { name, mode, mtime, uid, linkname } = entry.header;
      entries[name] = { mode, mtime, uid, linkname: linkname ?? null, content: Buffer.concat(chunks).toString() };
    }
    return entries;
  }

  it('must be the files of the folder, whoever owns them and whenever they came, and never .git', async () => {
    file('web/index.html', 'hello');
    file('web/run.sh', '#!/bin/sh', 0o755);
    file('web/.git/config', 'secret');
    file('web/module/.git', 'gitdir: elsewhere');
    file('web/module/a.js', 'a');
    symlinkSync('index.html', path.join(tree, 'web/start.html'));
    file('outside.txt');
    const entries = await packed(await read('web'), 'app/');
    expect(Object.keys(entries).sort()).toEqual([
      'Dockerfile',
      'app/index.html',
      'app/module',
      'app/module/a.js',
      'app/run.sh',
      'app/start.html',
    ]);
    expect(entries['app/index.html']).toEqual({
      mode: 0o644,
      mtime: COMMITTED,
      uid: 0,
      linkname: null,
      content: 'hello',
    });
    expect(entries['app/run.sh']?.mode).toBe(0o755);
    expect(entries['app/start.html']?.linkname).toBe('index.html');
  });

  it('must leave out what .dockerignore lists, but for what it takes back', async () => {
    for (const name of [
      '.env',
      'node_modules/a/index.js',
      'docs/a.md',
      'docs/keep.md',
      'src/a.ts',
      'Dockerfile',
      'a.log',
      'src/b.log',
    ])
      file(name);
    file('.dockerignore', '# a comment\n.env\nnode_modules\ndocs\n!docs/keep.md\nDockerfile\n**/*.log\n');
    expect((await read()).names).toEqual(['.dockerignore', 'Dockerfile', 'docs', 'docs/keep.md', 'src', 'src/a.ts']);
    file('web.Dockerfile.dockerignore', 'src\n');
    expect((await read('.', 'web.Dockerfile')).names).toContain('.env');
    expect((await read('.', 'web.Dockerfile')).names).not.toContain('src/a.ts');
  });

  it.each(['/etc/passwd', '../../outside', '../web/../../x', 'nothing'])(
    'must have a link as it is, and read nothing through one that leaves it: %s',
    async (target) => {
      file('web/a/file');
      file('outside');
      symlinkSync(target, path.join(tree, 'web/a/link'));
      symlinkSync(target, path.join(tree, 'web/Dockerfile'));
      const context = await read('web');
      expect((await packed(context))['a/link']?.linkname).toBe(target);
      expect(await context.dockerfile('Dockerfile')).toBeUndefined();
      expect(await context.dockerfile('a/link')).toBeUndefined();
      expect((await context.sourceTexts(inThisThread)).names).toBe('a/file');
    },
  );

  it('must find a Dockerfile through links under its own name, also when the rules exclude it', async () => {
    file('web/docker/prod.Dockerfile', 'FROM scratch');
    file('web/.dockerignore', 'docker\nDockerfile\n');
    symlinkSync('docker/prod.Dockerfile', path.join(tree, 'web/Dockerfile'));
    const context = await read('web');
    expect(await context.dockerfile('Dockerfile')).toEqual({ name: 'docker/prod.Dockerfile', text: 'FROM scratch' });
    expect(context.names).toEqual(['.dockerignore', 'Dockerfile', 'docker', 'docker/prod.Dockerfile']);
    expect((await context.sourceTexts(inThisThread)).names.split('\0')).toContain('Dockerfile');
  });

  it('must keep names that are not UTF-8', async () => {
    const raw = (latin1: string) => Buffer.from(path.join(tree, latin1), 'latin1');
    mkdirSync(raw('d\xfc'));
    writeFileSync(raw('d\xfc/gr\xfcn.txt'), 'green');
    symlinkSync(Buffer.from('gr\xfcn.txt', 'latin1'), raw('d\xfc/link'));
    file('.dockerignore', 'd?/link-that-is-not-there\n');
    const parts: Buffer[] = [];
    for await (const part of await (await read()).pack('app/', [], COMMITTED)) parts.push(part as Buffer);
    const headers = Buffer.concat(parts).toString('latin1');
    expect(headers).toContain(' path=app/d\xfc/gr\xfcn.txt\n');
    expect(headers).toContain(' path=app/d\xfc/link\n21 linkpath=gr\xfcn.txt\n');
    const dir = mkdtempSync(path.join(tmpdir(), 'berth-unpacked-'));
    execFileSync('tar', ['-xf', '-', '-C', dir], { input: Buffer.concat(parts) });
    const unpacked = readdirSync(path.join(dir, 'app'), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    expect(unpacked.sort()).toEqual(['.dockerignore', 'd\xfc']);
    expect(readFileSync(Buffer.from(path.join(dir, 'app/d\xfc/link'), 'latin1'), 'utf8')).toBe('green');
    rmSync(dir, { recursive: true });
  });

  it('must never be outside of the repository, nor a Dockerfile outside of it', async () => {
    file('web/file');
    symlinkSync('/etc', path.join(tree, 'etc'));
    await expect(read('etc')).rejects.toThrow('no folder etc');
    await expect(read('nowhere')).rejects.toThrow('no folder nowhere');
    rmSync(path.join(tree, 'etc'));
    const context = await read('web');
    file('Dockerfile');
    expect(await context.dockerfile('../Dockerfile')).toBeUndefined();
    expect(await context.dockerfile('file')).toEqual({ name: 'file', text: 'web/file' });
  });

  it('must say which files are only pointers of Git LFS', async () => {
    file('logo.png', 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n');
    file('a.txt', 'version 1');
    expect(await (await read()).lfsWarning()).toMatch(/not supported: logo\.png hold a pointer/);
    rmSync(path.join(tree, 'logo.png'));
    expect(await (await read()).lfsWarning()).toBeUndefined();
  });

  it('must refuse a file of instructions that is too large, and read the beginning of a lock file', async () => {
    file('.dockerignore', 'a\n'.repeat(40_000));
    await expect(read()).rejects.toThrow('.dockerignore is larger than 64 KiB');
    file('.dockerignore', '');
    file('Dockerfile', '#'.repeat(70_000));
    const context = await read();
    await expect(context.dockerfile('Dockerfile')).rejects.toThrow('Dockerfile is larger than 64 KiB');
    file('yarn.lock', `__metadata:\n${'x'.repeat(200_000)}`);
    expect((await (await read()).sourceTexts(inThisThread)).texts.get('yarn.lock')).toMatch(/^__metadata:/);
  });

  it('must not read files faster than they are sent', async () => {
    for (let index = 0; index < 30; index++) file(`big-${index}`, 'x'.repeat(900_000));
    const before = process.memoryUsage().arrayBuffers;
    const stream = await (await read()).pack('', [], COMMITTED);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
    stream.destroy();
  });
});
