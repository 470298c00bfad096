import type { Header, Pack } from 'tar-stream';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';

/** The tar header fields that differ between entries. */
export type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** The folder to build, of a checkout or an upload. It never reads outside the folder, even through links. */
export interface SourceTree {
  /** All entries except `.git`. */
  readonly entries: TreeEntry[];
  /** The first megabyte of a file; undefined when it does not exist. Follows links inside the folder. */
  text(name: string): Promise<string | undefined>;
  /** Names of the files that contain a Git LFS pointer instead of their content. */
  lfsPointers(entries: TreeEntry[]): Promise<string[]>;
  /** Adds these entries to a tar. */
  write(pack: Pack, entries: TreeEntry[], headerOf: (entry: TreeEntry) => EntryHeader): Promise<void>;
}

/** An opened checkout or upload. */
export interface OpenSource {
  /** Throws StepFailure for a folder that does not exist. */
  openTree(): Promise<SourceTree>;
  /** Modification time of every file in the image. */
  modified: Date;
  /** Masked in the build log. */
  secrets: string[];
}

export const MAX_TEXT_BYTES = 1_000_000;
export const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1';
export const LFS_POINTER_BYTES = 1024;

export function mayBeLfsPointer({ kind, size }: TreeEntry): boolean {
  return kind === 'file' && size > 0 && size < LFS_POINTER_BYTES;
}

/** Adds one entry to a tar, with backpressure from its reader. */
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
