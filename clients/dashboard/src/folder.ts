import ignore from 'ignore';
import { packTar } from 'modern-tar';
import { linesOf } from './text.js';

/** A file of a folder: its path below the folder, with slashes. */
export interface FolderFile {
  path: string;
  file: File;
}

/** Reads a folder that was dropped. Nothing that the browser skips is missing from it but links. */
export async function dropped(items: DataTransferItemList): Promise<FolderFile[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const [only] = entries;
  const top = entries.length === 1 && only?.isDirectory ? await children(only as FileSystemDirectoryEntry) : entries;
  return (await Promise.all(top.map((entry) => filesOf(entry, '')))).flat();
}

/** Reads what a file input with `webkitdirectory` has; its paths begin with the folder's name. */
export function chosen(files: FileList): FolderFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file }));
}

/**
 * Packs as `berth deploy` does: without `.git`, by `.dockerignore`, or by `.gitignore` where there is none. Where
 * `.dockerignore` brings files back with `!`, everything is sent and the build leaves out the rest.
 */
export async function pack(files: FolderFile[]): Promise<Blob> {
  const kept = await filtered(files.filter(({ path }) => !path.startsWith('.git/')));
  const entries = kept.map(async ({ path, file }) => ({
    header: { name: path, size: file.size, type: 'file' as const, mode: 0o755, mtime: new Date(file.lastModified) },
    body: new Uint8Array(await file.arrayBuffer()),
  }));
  return new Blob([await packTar(await Promise.all(entries))], { type: 'application/x-tar' });
}

async function filtered(files: FolderFile[]): Promise<FolderFile[]> {
  const textOf = (name: string) => files.find(({ path }) => path === name)?.file.text();
  const docker = await textOf('.dockerignore');
  const rules = docker === undefined ? await textOf('.gitignore') : anchored(docker);
  if (!rules) return files;
  const isKept = ignore().add(rules).createFilter();
  return files.filter(({ path }) => /^(Dockerfile|\.dockerignore)$/.test(path) || isKept(path));
}

/** Patterns of `.dockerignore` begin at the top of the folder, those of `.gitignore` match anywhere. */
function anchored(text: string): string {
  const patterns = linesOf(text).filter((line) => !line.startsWith('#'));
  if (patterns.some((pattern) => pattern.startsWith('!'))) return '';
  return patterns
    .map((pattern) => (/^(\/|\*\*)/.test(pattern) ? pattern : `/${pattern.replace(/^\.\//, '')}`))
    .join('\n');
}

async function filesOf(entry: FileSystemEntry, above: string): Promise<FolderFile[]> {
  const path = above + entry.name;
  if (entry.isDirectory) {
    const below = await children(entry as FileSystemDirectoryEntry);
    return (await Promise.all(below.map((one) => filesOf(one, `${path}/`)))).flat();
  }
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  return [{ path, file }];
}

/** A reader returns its entries in parts, and an empty part at the end. */
async function children(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    all.push(...part);
  }
}
