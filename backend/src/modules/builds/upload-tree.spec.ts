import { extract, pack as createPack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { archiveEntries } from '#src/modules/uploads/archive-entries.js';
import { BuildContext } from './build-context.js';
import { PLANNING_TASKS, type RunPlanning } from './planning-tasks.js';
import { UploadTree } from './upload-tree.js';

type Given = Parameters<ReturnType<typeof createPack>['entry']>[0] & { content?: string };

const SENT = new Date('2026-01-02T03:04:05Z');

async function treeOf(entries: Given[], folder = '.'): Promise<UploadTree> {
  const pack = createPack();
  for (const { content = '', ...header } of entries) pack.entry(header, content);
  pack.finalize();
  const parts: Buffer[] = [];
  for await (const part of pack) parts.push(part as Buffer);
  const body = async function* () {
    yield await Promise.resolve(Buffer.concat(parts));
  };
  return UploadTree.open(() => archiveEntries(body(), { isGzip: false, maxBytes: 1e8 }), folder);
}

async function packed(context: BuildContext): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const unpack = extract();
  (await context.pack('app/', [{ name: 'Dockerfile', content: 'FROM x' }], SENT)).pipe(unpack as never);
  for await (const entry of unpack) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    const { name, mode, mtime, uid, linkname } = entry.header;
    found[name] = [mode, mtime.getTime(), uid, linkname ?? Buffer.concat(parts).toString()];
  }
  return found;
}

const inThisThread: RunPlanning = (task, input) => Promise.resolve(PLANNING_TASKS[task](input as never) as never);

describe('the folder of an upload', () => {
  it('must be packed as that of a checkout: without what is ignored, owners, times and other modes', async () => {
    const tree = await treeOf(
      [
        { name: 'web/.dockerignore', content: 'docs\n!docs/keep.md\n*.log\n' },
        { name: 'web/docs/', type: 'directory' },
        { name: 'web/docs/a.md' },
        { name: 'web/docs/keep.md', content: 'kept', uid: 1000, mode: 0o4777 },
        { name: 'web/a.log' },
        { name: 'web/big', content: 'b'.repeat(2_000_000) },
        { name: 'web/link', type: 'symlink', linkname: 'docs/keep.md' },
        { name: 'outside' },
      ],
      'web',
    );
    const time = SENT.getTime();
    expect(await packed(await BuildContext.of(tree, null, inThisThread))).toEqual({
      Dockerfile: [0o644, time, 0, 'FROM x'],
      'app/.dockerignore': [0o644, time, 0, 'docs\n!docs/keep.md\n*.log\n'],
      'app/docs': [0o755, time, 0, ''],
      'app/docs/keep.md': [0o755, time, 0, 'kept'],
      'app/big': [0o644, time, 0, 'b'.repeat(2_000_000)],
      'app/link': [0o777, time, 0, 'docs/keep.md'],
    });
  });

  it('must find files through links, and none outside', async () => {
    const tree = await treeOf([
      { name: 'docker/web.Dockerfile', content: 'FROM scratch' },
      { name: 'Dockerfile', type: 'symlink', linkname: 'build/web.Dockerfile' },
      { name: 'build', type: 'symlink', linkname: 'docker' },
      { name: 'loop', type: 'symlink', linkname: 'loop' },
    ]);
    expect(await tree.text('Dockerfile')).toBe('FROM scratch');
    for (const name of ['../Dockerfile', 'loop', 'docker', 'nothing']) expect(await tree.text(name)).toBeUndefined();
    await expect(treeOf([{ name: 'a' }], 'nowhere')).rejects.toThrow('no folder nowhere in the upload');
  });

  it('must not reach a file outside of a folder by a link of it', async () => {
    const entries: Given[] = [{ name: 'web/link', type: 'symlink', linkname: '../secret' }, { name: 'secret' }];
    const tree = await treeOf(entries, 'web');
    expect(await tree.text('link')).toBeUndefined();
    expect(await packed(await BuildContext.of(tree, null, inThisThread))).toMatchObject({
      'app/link': [0o777, SENT.getTime(), 0, '../secret'],
    });
  });

  it('must report which files are Git LFS pointers, and the files that identify the runtime', async () => {
    const tree = await treeOf([
      { name: 'logo.png', content: 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n' },
      { name: 'package.json', content: '{"name":"x"}' },
    ]);
    const context = await BuildContext.of(tree, null, inThisThread);
    expect(await context.lfsWarning()).toMatch(/logo\.png hold a pointer/);
    expect((await context.sourceTexts(inThisThread)).texts.get('package.json')).toBe('{"name":"x"}');
  });
});
