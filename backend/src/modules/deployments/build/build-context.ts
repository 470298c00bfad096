import { createReadStream, type Dirent } from 'node:fs';
import { lstat, open, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { StepFailure } from '../pipeline/step-failure.js';
import type { TopLevel } from './stack.js';

export interface ContextEntry {
  /** relative to the context, with / */
  name: string;
  kind: 'file' | 'directory' | 'symlink';
  size: number;
  mode: number;
  /** of a symlink */
  target: string;
}

const MAX_TOP_LEVEL_BYTES = 1_000_000;
const MAX_DOCKERFILE_BYTES = 1_000_000;
/** What is read at once: a stream for each of many small files costs more than they do. */
const SMALL_BYTES = 1_000_000;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1';
const LFS_POINTER_BYTES = 1024;
const AT_ONCE = 64;
const SHOWN_POINTERS = 5;

/** A folder of a checkout as the Engine's build call takes it. Nothing outside the folder is ever read, whatever its links say. */
export class BuildContext {
  private constructor(
    private readonly root: string,
    private readonly entries: ContextEntry[],
  ) {}

  /** Throws StepFailure for a folder that is not there, and for links that leave it. */
  static async read(tree: string, folder: string, dockerfile: string | null): Promise<BuildContext> {
    const root = await inside(tree, folder);
    if (!root)
      throw new StepFailure('DOCKERFILE_INVALID', `There is no folder ${folder} in the repository (buildContext).`);
    const ignored = await ignoreFilter(root, dockerfile ?? 'Dockerfile');
    const entries = await list(root, '', ignored);
    return new BuildContext(root, entries);
  }

  get names(): string[] {
    return this.entries.map(({ name }) => name);
  }

  /** Undefined when it is no file of the context. Links may lead there, but not out. */
  async dockerfile(name: string): Promise<string | undefined> {
    const file = await inside(this.root, name);
    if (!file || !(await lstat(file)).isFile()) return undefined;
    return (await readFile(file, 'utf8')).slice(0, MAX_DOCKERFILE_BYTES);
  }

  async topLevel(): Promise<TopLevel> {
    const top = this.entries.filter(({ name, kind }) => kind === 'file' && !name.includes('/'));
    const texts = new Map<string, string>();
    for (const { name, size } of top)
      if (size <= MAX_TOP_LEVEL_BYTES) texts.set(name, await readFile(path.join(this.root, name), 'utf8'));
    return { names: new Set(top.map(({ name }) => name)), read: (name) => texts.get(name) };
  }

  /** Files that Git LFS keeps elsewhere: what is here is a note of three lines. */
  async lfsWarning(): Promise<string | undefined> {
    const small = this.entries.filter(({ kind, size }) => kind === 'file' && size > 0 && size < LFS_POINTER_BYTES);
    const pointers: string[] = [];
    for (let from = 0; from < small.length; from += AT_ONCE) {
      const names = small.slice(from, from + AT_ONCE).map(({ name }) => name);
      const found = await Promise.all(names.map((name) => begins(path.join(this.root, name), LFS_POINTER)));
      pointers.push(...names.filter((_, index) => found[index]));
    }
    if (pointers.length === 0) return undefined;
    const more = pointers.length > SHOWN_POINTERS ? `, and ${pointers.length - SHOWN_POINTERS} more` : '';
    return `Git LFS is not supported: ${pointers.slice(0, SHOWN_POINTERS).join(', ')}${more} hold a pointer instead of their content.`;
  }

  /** As a tar. The same commit gives the same bytes: owner, modes and times are not the checkout's. */
  async pack(prefix: string, extra: { name: string; content: string }[], modified: Date): Promise<Readable> {
    const { pack: createPack } = await import('tar-stream');
    const pack = createPack();
    void this.write(pack, prefix, extra, modified).then(
      () => pack.finalize(),
      (error: unknown) => pack.destroy(error as Error),
    );
    // It is a stream of streamx, which Node's own take for one of theirs.
    return pack as unknown as Readable;
  }

  private async write(
    pack: Pack,
    prefix: string,
    extra: { name: string; content: string }[],
    mtime: Date,
  ): Promise<void> {
    for (const { name, content } of extra) pack.entry({ name, mtime, mode: 0o644, uid: 0, gid: 0 }, content);
    for (const { name, kind, size, mode, target } of this.entries) {
      const header = { name: prefix + name, mode, mtime, uid: 0, gid: 0, type: kind };
      if (kind === 'file' && size <= SMALL_BYTES) {
        pack.entry(header, await readFile(path.join(this.root, name)));
      } else if (kind === 'file') {
        // The tree may have links among its folders: those were not followed when it was listed.
        await pipeline(createReadStream(path.join(this.root, name)), pack.entry({ ...header, size }));
      } else pack.entry({ ...header, size: 0, ...(kind === 'symlink' && { linkname: target }) });
    }
  }
}

/** The real path of something below a folder; undefined for what is not there or leads out. */
async function inside(root: string, name: string): Promise<string | undefined> {
  const base = await realpath(root);
  const real = await realpath(path.join(base, name)).catch(() => undefined);
  return real !== undefined && (real === base || real.startsWith(base + path.sep)) ? real : undefined;
}

type Filter = (name: string) => boolean;

async function list(root: string, folder: string, ignored: Filter): Promise<ContextEntry[]> {
  const found = await readdir(path.join(root, folder), { withFileTypes: true });
  const entries: ContextEntry[] = [];
  for (const item of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (item.name === '.git') continue;
    const name = folder ? `${folder}/${item.name}` : item.name;
    const isIgnored = ignored(name);
    // What is below an ignored folder may have been taken back in.
    if (item.isDirectory()) {
      const below = await list(root, name, ignored);
      if (!isIgnored || below.length > 0) entries.push(directory(name), ...below);
    } else if (!isIgnored) entries.push(...(await entryOf(root, name, item)));
  }
  return entries;
}

async function entryOf(root: string, name: string, item: Dirent): Promise<ContextEntry[]> {
  const file = path.join(root, name);
  if (item.isSymbolicLink()) {
    const target = await readlink(file);
    const lands = path.posix.normalize(path.posix.join(path.posix.dirname(name), target));
    if (path.posix.isAbsolute(target) || lands === '..' || lands.startsWith('../'))
      throw new StepFailure(
        'BUILD_FAILED',
        `The symbolic link ${name} leads out of the build context (to ${target}). Remove it, or list it in .dockerignore.`,
      );
    return [{ name, kind: 'symlink', size: 0, mode: 0o777, target }];
  }
  if (!item.isFile()) return [];
  const { size, mode } = await lstat(file);
  return [{ name, kind: 'file', size, mode: mode & 0o100 ? 0o755 : 0o644, target: '' }];
}

function directory(name: string): ContextEntry {
  return { name, kind: 'directory', size: 0, mode: 0o755, target: '' };
}

/** As Docker reads it: `{Dockerfile}.dockerignore` before `.dockerignore`, which both stay in the context, as does the Dockerfile. */
async function ignoreFilter(root: string, dockerfile: string): Promise<Filter> {
  const text = (await textOf(root, `${dockerfile}.dockerignore`)) ?? (await textOf(root, '.dockerignore'));
  if (text === undefined) return () => false;
  // A CommonJS module whose types tell of a default export that it does not have.
  const { default: factory } = await import('@balena/dockerignore');
  const rules = (factory as unknown as typeof factory.default)({ ignorecase: false }).add(text);
  const kept = new Set([dockerfile, '.dockerignore']);
  return (name) => !kept.has(name) && rules.ignores(name);
}

async function textOf(root: string, name: string): Promise<string | undefined> {
  const file = await inside(root, name);
  return file && (await readFile(file, 'utf8').catch(() => undefined));
}

async function begins(file: string, text: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(text.length), 0, text.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === text;
  } finally {
    await handle.close();
  }
}
