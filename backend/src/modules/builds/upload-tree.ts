import type { Readable } from 'node:stream';
import type { Pack } from 'tar-stream';
import type { ArchiveEntry } from '#src/modules/uploads/archive-entries.js';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import {
  addEntry,
  decodeText,
  decodeWanted,
  type EntryHeader,
  LFS_POINTER,
  LFS_POINTER_BYTES,
  maxTextBytes,
  mayBeLfsPointer,
  type SourceTree,
} from './source-tree.js';
import { isWanted } from './runtimes/wanted-files.js';
import { resolveFile } from './tree-links.js';

/** Every read streams the whole archive, so that the texts of detection are kept from the first one. */
const MAX_CACHED_TEXTS = 300;
const CACHED_TEXTS: ReadonlySet<string> = new Set(['Dockerfile', 'Dockerfile.dockerignore', '.dockerignore']);

/** SourceTree of a folder of an upload. Each read streams the whole archive: once to list it, once to pack it. */
export class UploadTree implements SourceTree {
  private readonly byName: Map<string, TreeEntry>;

  private constructor(
    private readonly read: () => AsyncGenerator<ArchiveEntry>,
    private readonly pointers: ReadonlySet<string>,
    private readonly cached: ReadonlyMap<string, Buffer>,
    readonly entries: TreeEntry[],
  ) {
    this.byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Throws StepFailure for a folder that does not exist. */
  static async open(archive: () => AsyncGenerator<ArchiveEntry>, folder: string): Promise<UploadTree> {
    const read = folder === '.' ? archive : () => below(archive(), folder);
    const entries: TreeEntry[] = [];
    const pointers = new Set<string>();
    const texts = new Map<string, Buffer>();
    for await (const { entry, content } of read()) {
      entries.push(entry);
      const isText = CACHED_TEXTS.has(entry.name) || (texts.size < MAX_CACHED_TEXTS && isWanted(entry.name));
      const isCached = isText && entry.kind === 'file';
      if (!isCached && !mayBeLfsPointer(entry)) {
        content.resume();
        continue;
      }
      const start = await bytesOf(content, isCached ? maxTextBytes(entry.name) + 1 : LFS_POINTER_BYTES);
      if (isCached) texts.set(entry.name, start);
      if (mayBeLfsPointer(entry) && start.toString('latin1').startsWith(LFS_POINTER)) pointers.add(entry.name);
    }
    if (entries.length === 0)
      throw new StepFailure('DOCKERFILE_INVALID', `There is no folder ${folder} in the upload (buildContext).`);
    return new UploadTree(read, pointers, texts, entries);
  }

  resolve(name: string): string | undefined {
    return resolveFile(this.byName, name);
  }

  async text(name: string): Promise<string | undefined> {
    const file = this.resolve(name);
    if (file === undefined) return undefined;
    const known = this.cached.get(file);
    if (known !== undefined) return decodeText(file, known);
    for await (const { entry, content } of this.read()) {
      if (entry.name === file) return decodeText(file, await bytesOf(content, maxTextBytes(file) + 1));
      content.resume();
    }
    return undefined;
  }

  async texts(names: string[]): Promise<Map<string, string>> {
    const files = new Map(names.map((name) => [name, this.resolve(name)]));
    const missing = new Set([...files.values()].filter((file) => file !== undefined && !this.cached.has(file)));
    const read = new Map<string, Buffer>();
    if (missing.size > 0)
      for await (const { entry, content } of this.read())
        if (missing.has(entry.name)) read.set(entry.name, await bytesOf(content, maxTextBytes(entry.name) + 1));
        else content.resume();
    const texts = new Map<string, string>();
    for (const [name, file = ''] of files) {
      const bytes = this.cached.get(file) ?? read.get(file);
      if (bytes) texts.set(name, decodeWanted(name, bytes));
    }
    return texts;
  }

  lfsPointers(entries: TreeEntry[]): Promise<string[]> {
    return Promise.resolve(entries.map(({ name }) => name).filter((name) => this.pointers.has(name)));
  }

  async write(pack: Pack, entries: TreeEntry[], headerOf: (entry: TreeEntry) => EntryHeader): Promise<void> {
    const wanted = new Set(entries.map(({ name }) => name));
    for await (const { entry, content } of this.read()) {
      if (wanted.has(entry.name) && entry.kind === 'file') await addEntry(pack, headerOf(entry), content);
      else {
        content.resume();
        if (wanted.has(entry.name)) await addEntry(pack, headerOf(entry));
      }
    }
  }
}

async function* below(archive: AsyncGenerator<ArchiveEntry>, folder: string): AsyncGenerator<ArchiveEntry> {
  for await (const { entry, content } of archive) {
    if (entry.name.startsWith(`${folder}/`))
      yield { entry: { ...entry, name: entry.name.slice(folder.length + 1) }, content };
    else content.resume();
  }
}

/** Returns at most `max` bytes; reads and drops the rest. */
async function bytesOf(content: Readable, max: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of content as AsyncIterable<Buffer>) {
    if (length < max) parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts).subarray(0, Math.min(length, max));
}
