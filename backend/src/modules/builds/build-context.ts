import type { Readable } from 'node:stream';
import type { Pack } from 'tar-stream';
import { readable } from '#src/modules/uploads/archive-entries.js';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';
import { addEntry, type SourceTree } from './source-tree.js';
import type { RunPlanning } from './planning-tasks.js';
import type { SourceTexts } from './runtimes/source-files.js';

const SHOWN_POINTERS = 5;

interface ExtraFile {
  name: string;
  content: string;
}

/** The build context of the Engine's build call: a folder of sources without what its `.dockerignore` excludes. */
export class BuildContext {
  private constructor(
    private readonly tree: SourceTree,
    private readonly entries: TreeEntry[],
  ) {}

  /**
   * Links are data wherever they lead: BuildKit resolves them inside the context, and Berth reads nothing outside of it.
   * Throws StepFailure for a .dockerignore that Docker refuses.
   */
  static async of(tree: SourceTree, dockerfile: string | null, run: RunPlanning): Promise<BuildContext> {
    return new BuildContext(tree, await withoutIgnored(tree, dockerfile ?? 'Dockerfile', run));
  }

  get names(): string[] {
    return this.entries.map(({ name }) => name);
  }

  has(name: string): boolean {
    return this.entries.some((entry) => entry.name === name);
  }

  /**
   * The Dockerfile, under its name after all links, so that BuildKit follows none and reads the text that was checked.
   * Undefined when it is no file of the context.
   */
  async dockerfile(name: string): Promise<{ name: string; text: string } | undefined> {
    const file = this.tree.resolve(name);
    if (!file?.isWellFormed()) return undefined;
    const text = await this.tree.text(file);
    return text === undefined ? undefined : { name: file, text };
  }

  /** What detection may read. */
  async sourceTexts(run: RunPlanning): Promise<SourceTexts> {
    const files = this.entries.filter(
      ({ name, kind }) => kind === 'file' || (kind === 'symlink' && this.tree.resolve(name) !== undefined),
    );
    const names = files.map(({ name }) => name).join('\0');
    const wanted = await run('wanted', { names });
    return { names, texts: await this.tree.texts(wanted) };
  }

  /** Warns of files that are Git LFS pointers: their content is on the LFS server. */
  async lfsWarning(): Promise<string | undefined> {
    const pointers = await this.tree.lfsPointers(this.entries);
    if (pointers.length === 0) return undefined;
    const more = pointers.length > SHOWN_POINTERS ? `, and ${pointers.length - SHOWN_POINTERS} more` : '';
    const shown = pointers.slice(0, SHOWN_POINTERS).join(', ').toWellFormed();
    return `Git LFS is not supported: ${shown}${more} hold a pointer instead of their content.`;
  }

  /** Packs a tar. Equal sources give equal bytes: owner, modes and times are not those of the files. */
  async pack(prefix: string, extra: ExtraFile[], modified: Date): Promise<Readable> {
    const { pack: createPack } = await import('tar-stream');
    const pack = createPack();
    void this.write(pack, prefix, extra, modified).then(
      () => pack.finalize(),
      (error: unknown) => pack.destroy(error as Error),
    );
    return readable(pack);
  }

  private async write(pack: Pack, prefix: string, extra: ExtraFile[], mtime: Date): Promise<void> {
    const owner = { mtime, uid: 0, gid: 0 };
    for (const { name, content } of extra) {
      const bytes = Buffer.from(content);
      await addEntry(pack, { ...owner, name, mode: 0o644, type: 'file', size: bytes.length }, bytes);
    }
    await this.tree.write(pack, this.entries, ({ name, kind, size, mode, target }) => ({
      ...owner,
      name: prefix + name,
      mode,
      type: kind,
      size,
      ...(kind === 'symlink' && { linkname: target }),
    }));
  }
}

/**
 * The entries without those that `{Dockerfile}.dockerignore`, else `.dockerignore`, excludes. Both stay in the context,
 * as does the Dockerfile.
 */
async function withoutIgnored(tree: SourceTree, dockerfile: string, run: RunPlanning): Promise<TreeEntry[]> {
  const rules = (await tree.text(`${dockerfile}.dockerignore`)) ?? (await tree.text('.dockerignore'));
  if (rules === undefined) return tree.entries;
  const selected = await run('select', {
    names: tree.entries.map(({ name }) => name).join('\0'),
    folders: Uint8Array.from(tree.entries, ({ kind }) => (kind === 'directory' ? 1 : 0)),
    rules,
    included: [dockerfile, tree.resolve(dockerfile) ?? dockerfile, '.dockerignore'],
  });
  return tree.entries.filter((_, index) => selected[index] === 1);
}
