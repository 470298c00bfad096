import type { Header, Pack } from 'tar-stream';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';

/** What a tar says of an entry; the rest is the same for all. */
export type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** The folder that is built, wherever its files are kept. Nothing outside the folder is ever read, whatever its links say. */
export interface SourceTree {
  /** All of them, without git's own. */
  readonly entries: TreeEntry[];
  /** Of a file, a megabyte at most. Links may lead to it, but not out. Undefined when there is no such file. */
  text(name: string): Promise<string | undefined>;
  /** Which of these files hold a pointer of Git LFS instead of their content. */
  lfsPointers(entries: TreeEntry[]): Promise<string[]>;
  /** Adds these entries to a tar. */
  write(pack: Pack, entries: TreeEntry[], headerOf: (entry: TreeEntry) => EntryHeader): Promise<void>;
}

/** From a checkout or an upload, once it is to be built. */
export interface OpenSource {
  /** Throws StepFailure for a folder that is not there. */
  openTree(): Promise<SourceTree>;
  /** Time of every file in the image. */
  modified: Date;
  /** Never written to the build log. */
  secrets: string[];
}

export const MAX_TEXT_BYTES = 1_000_000;
export const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1';
export const LFS_POINTER_BYTES = 1024;

export function mayBeLfsPointer({ kind, size }: TreeEntry): boolean {
  return kind === 'file' && size > 0 && size < LFS_POINTER_BYTES;
}

/** One entry, once the reader of the tar has taken what came before. */
export async function addEntry(
  pack: Pack,
  header: EntryHeader,
  content?: AsyncIterable<Buffer> | Buffer,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sink = pack.entry(header, (error) => (error ? reject(error) : resolve()));
    if (content === undefined || Buffer.isBuffer(content)) sink.end(content);
    else void pour(content, sink).catch((error: unknown) => pack.destroy(error as Error));
  });
}

async function pour(content: AsyncIterable<Buffer>, sink: NodeJS.WritableStream): Promise<void> {
  for await (const part of content)
    if (!sink.write(part))
      await new Promise<void>((resolve) => void sink.once('drain', resolve).once('close', resolve));
  sink.end();
}
