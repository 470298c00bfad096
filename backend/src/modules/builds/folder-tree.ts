import { createReadStream, type Dirent } from 'node:fs';
import { lstat, open, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Pack } from 'tar-stream';
import { decodeName, encodeName } from '#src/modules/uploads/file-name.js';
import { modeOf, type TreeEntry } from '#src/modules/uploads/tree-entry.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import {
  addEntry,
  decodeText,
  decodeWanted,
  type EntryHeader,
  LFS_POINTER,
  maxTextBytes,
  mayBeLfsPointer,
  type SourceTree,
} from './source-tree.js';
import { resolveFile } from './tree-links.js';

/** Files up to this size are read whole: a stream per small file is slower. */
const MAX_BUFFERED_BYTES = 1_000_000;
const READ_CONCURRENCY = 64;

/** SourceTree of a folder of a checkout. */
export class FolderTree implements SourceTree {
  private readonly byName: Map<string, TreeEntry>;

  private constructor(
    private readonly root: string,
    readonly entries: TreeEntry[],
  ) {
    this.byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Throws StepFailure for a folder that does not exist or is outside the checkout. */
  static async open(checkout: string, folder: string): Promise<FolderTree> {
    const root = await inside(checkout, folder);
    if (!root)
      throw new StepFailure('DOCKERFILE_INVALID', `There is no folder ${folder} in the repository (buildContext).`);
    return new FolderTree(root, await list(root, ''));
  }

  resolve(name: string): string | undefined {
    return resolveFile(this.byName, name);
  }

  async text(name: string): Promise<string | undefined> {
    const file = this.resolve(name);
    if (file === undefined) return undefined;
    return decodeText(name, await startOf(pathOf(this.root, file), maxTextBytes(name) + 1));
  }

  async texts(names: string[]): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    for (const name of names) {
      const file = this.resolve(name);
      if (file !== undefined)
        texts.set(name, decodeWanted(name, await startOf(pathOf(this.root, file), maxTextBytes(name) + 1)));
    }
    return texts;
  }

  async lfsPointers(entries: TreeEntry[]): Promise<string[]> {
    const small = entries.filter(mayBeLfsPointer);
    const pointers: string[] = [];
    for (let from = 0; from < small.length; from += READ_CONCURRENCY) {
      const names = small.slice(from, from + READ_CONCURRENCY).map(({ name }) => name);
      const found = await Promise.all(names.map((name) => fileStartsWith(pathOf(this.root, name), LFS_POINTER)));
      pointers.push(...names.filter((_, index) => found[index]));
    }
    return pointers;
  }

  async write(pack: Pack, entries: TreeEntry[], headerOf: (entry: TreeEntry) => EntryHeader): Promise<void> {
    for (const entry of entries) {
      const file = pathOf(this.root, entry.name);
      const header = headerOf(entry);
      if (entry.kind !== 'file') await addEntry(pack, header);
      else if (entry.size <= MAX_BUFFERED_BYTES) {
        const content = await readFile(file);
        await addEntry(pack, { ...header, size: content.length }, content);
      } else await addEntry(pack, header, createReadStream(file) as AsyncIterable<Buffer>);
    }
  }
}

/** Resolves a path below a folder; undefined when it does not exist or leads out of the folder. */
async function inside(root: string, name: string): Promise<string | undefined> {
  const base = await realpath(root);
  const real = await realpath(path.join(base, name)).catch(() => undefined);
  return real !== undefined && (real === base || real.startsWith(base + path.sep)) ? real : undefined;
}

/** Lists entries recursively without following links. */
async function list(root: string, folder: string): Promise<TreeEntry[]> {
  const found = await readdir(pathOf(root, folder), { withFileTypes: true, encoding: 'buffer' });
  const items = found.map((item) => ({ item, base: decodeName(item.name) }));
  const entries: TreeEntry[] = [];
  for (const { item, base } of items.sort((a, b) => (a.base < b.base ? -1 : 1))) {
    if (base === '.git') continue;
    const name = folder ? `${folder}/${base}` : base;
    if (item.isDirectory()) {
      entries.push({ name, kind: 'directory', size: 0, mode: 0o755, target: '' });
      for (const entry of await list(root, name)) entries.push(entry);
    } else entries.push(...(await entryOf(root, name, item)));
  }
  return entries;
}

async function entryOf(root: string, name: string, item: Dirent<Buffer>): Promise<TreeEntry[]> {
  const file = pathOf(root, name);
  if (item.isSymbolicLink()) {
    const target = decodeName(await readlink(file, { encoding: 'buffer' }));
    return [{ name, kind: 'symlink', size: 0, mode: 0o777, target }];
  }
  if (!item.isFile()) return [];
  const { size, mode } = await lstat(file);
  return [{ name, kind: 'file', size, mode: modeOf(mode), target: '' }];
}

function pathOf(root: string, name: string): Buffer {
  return encodeName(path.join(root, name));
}

async function fileStartsWith(file: Buffer, text: string): Promise<boolean> {
  return (await startOf(file, text.length)).toString('latin1') === text;
}

/** The first bytes of a file; all of a shorter one. */
async function startOf(file: Buffer, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
