import { createReadStream, type Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import dockerignore from '@balena/dockerignore';
import gitignore from 'ignore';
import { pack as createPack, type Pack } from 'tar-stream';
import { EXIT, Failure } from './failure.js';

/** Whether a file, relative to the folder, is excluded. */
type Filter = (name: string, isFolder: boolean) => boolean;

/** Streams a folder as tar.gz. Excludes what `.dockerignore` lists, or `.gitignore` when there is none. */
export async function archiveOf(folder: string, dockerfile = 'Dockerfile'): Promise<NodeJS.ReadableStream> {
  const ignored = (await dockerFilter(folder, dockerfile)) ?? (await gitFilter(folder, dockerfile));
  const pack = createPack();
  const gzip = createGzip();
  void add(pack, folder, '', ignored).then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error as Error),
  );
  void (async () => {
    for await (const block of pack) if (!gzip.write(block)) await once(gzip, 'drain');
    gzip.end();
  })().catch((error: unknown) => gzip.destroy(error as Error));
  return gzip;
}

async function add(pack: Pack, root: string, folder: string, ignored: Filter): Promise<void> {
  const items = await readdir(path.join(root, folder), { withFileTypes: true });
  for (const item of items.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = folder ? `${folder}/${item.name}` : item.name;
    if (item.name === '.git') continue;
    if (item.isDirectory()) {
      // A later pattern may include a file below an ignored folder.
      if (!ignored(name, true)) await addEntry(pack, { name: `${name}/`, type: 'directory', mode: 0o755 });
      await add(pack, root, name, ignored);
    } else if (!ignored(name, false)) await addItem(pack, root, name, item);
  }
}

/** Adds files and symbolic links; sockets, pipes and devices are skipped. */
async function addItem(pack: Pack, root: string, name: string, item: Dirent): Promise<void> {
  const file = path.join(root, name);
  if (item.isSymbolicLink()) {
    await addEntry(pack, { name, type: 'symlink', linkname: await readlink(file) });
  } else if (item.isFile()) {
    const { size, mode } = await lstat(file);
    // A file that grows meanwhile is sent with its first size; one that shrinks causes an error.
    const content = size > 0 ? createReadStream(file, { end: size - 1 }) : undefined;
    await addEntry(pack, { name, type: 'file', size, mode: mode & 0o777 }, content);
  }
}

async function addEntry(
  pack: Pack,
  header: Parameters<Pack['entry']>[0],
  content?: AsyncIterable<Buffer>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sink = pack.entry(header, (error) => (error ? reject(error) : resolve()));
    const write = async () => {
      for await (const part of content ?? [])
        if (!sink.write(part)) await new Promise<void>((drained) => void sink.once('drain', drained));
      sink.end(null);
    };
    write().catch(reject);
  });
}

/** `{Dockerfile}.dockerignore` before `.dockerignore`, as in Docker. Both, and the Dockerfile, are always sent. */
async function dockerFilter(folder: string, dockerfile: string): Promise<Filter | undefined> {
  const text = (await textOf(folder, `${dockerfile}.dockerignore`)) ?? (await textOf(folder, '.dockerignore'));
  if (text === undefined) return undefined;
  const rules = (dockerignore as unknown as typeof dockerignore.default)({ ignorecase: false }).add(text);
  const kept = new Set([dockerfile, `${dockerfile}.dockerignore`, '.dockerignore']);
  return (name) => !kept.has(name) && rules.ignores(name);
}

/** A `.gitignore` applies to its folder. Files below an ignored folder are excluded, as in git. */
async function gitFilter(folder: string, dockerfile: string): Promise<Filter> {
  const rules = await gitRules(folder, '');
  return (name, isFolder) => {
    if (name === dockerfile) return false;
    const parts = name.split('/');
    return parts.some((_, index) => {
      const upTo = parts.slice(0, index + 1).join('/') + (isFolder || index < parts.length - 1 ? '/' : '');
      const last = rules
        .filter(({ base }) => upTo.length > base.length && upTo.startsWith(base))
        .map(({ base, matcher }) => matcher.test(upTo.slice(base.length)))
        .findLast((result) => result.ignored || result.unignored);
      return last?.ignored ?? false;
    });
  };
}

interface GitRules {
  /** '' or a folder that ends in / */
  base: string;
  matcher: ReturnType<typeof gitignore>;
}

async function gitRules(root: string, base: string): Promise<GitRules[]> {
  const items = await readdir(path.join(root, base), { withFileTypes: true });
  const text = await textOf(root, `${base}.gitignore`);
  const own = text === undefined ? [] : [{ base, matcher: gitignore().add(text) }];
  const ignores = (name: string) => own.some(({ matcher }) => matcher.ignores(`${name}/`));
  const below: GitRules[] = [];
  for (const item of items)
    if (item.isDirectory() && item.name !== '.git' && !ignores(item.name))
      below.push(...(await gitRules(root, `${base}${item.name}/`)));
  return [...own, ...below];
}

async function textOf(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, name), 'utf8').catch(() => undefined);
  return text?.replace(/^\uFEFF/, '');
}

/** Returns the folder; undefined when the argument is an image: `word` is an image, `./word` is a folder. */
export async function folderOf(source: string): Promise<string | undefined> {
  const isPath = source === '.' || source === '..' || /^(\.\.?|~)?\//.test(source);
  if (!isPath && !source.includes('/')) return undefined;
  const isFolder = await lstat(path.resolve(source)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return path.resolve(source);
  if (isPath) throw new Failure(EXIT.usage, `${source}: there is no such folder.`);
  return undefined;
}

/** Derives a valid deployment name from the folder's name. */
export function nameOf(folder: string): string {
  const name = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  return name || 'app';
}
