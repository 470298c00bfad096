import type { Header, Pack } from 'tar-stream';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { withoutRawNames } from './raw-names.js';

/** The tar header fields that differ between entries. */
export type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** The folder to build, of a checkout or an upload. It never reads outside the folder, even through links. */
export interface SourceTree {
  /** All entries except `.git`. */
  readonly entries: TreeEntry[];
  /** The name of a file after its links; undefined when it is no file of the folder. */
  resolve(name: string): string | undefined;
  /**
   * Text of a file; undefined when it does not exist. Follows links inside the folder. Throws StepFailure for a file
   * larger than `maxTextBytes`.
   */
  text(name: string): Promise<string | undefined>;
  /** Texts of those files that exist, read in one pass. Of a long file the beginning, unless it is a manifest. */
  texts(names: string[]): Promise<Map<string, string>>;
  /** Names of the files that contain a Git LFS pointer instead of their content. */
  lfsPointers(entries: TreeEntry[]): Promise<string[]>;
  /** Adds these entries to a tar. */
  write(pack: Pack, entries: TreeEntry[], headerOf: (entry: TreeEntry) => EntryHeader): Promise<void>;
}

/** An opened checkout or upload. */
export interface OpenSource {
  /** Default: the folder of the request. Throws StepFailure for a folder that does not exist. */
  openTree(folder?: string): Promise<SourceTree>;
  /** Modification time of every file in the image. */
  modified: Date;
  /** Masked in the build log. */
  secrets: string[];
  /** What the build may miss. */
  warnings: string[];
}

const MAX_MANIFEST_BYTES = 2 ** 20;
const MAX_INSTRUCTION_BYTES = 64 * 1024;
/** Of these files the beginning is enough: a lock file may have megabytes. */
const LOCK_FILES: ReadonlySet<string> = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'uv.lock',
  'poetry.lock',
]);
const MANIFESTS: ReadonlySet<string> = new Set(['package.json', 'pyproject.toml', 'requirements.txt', 'go.mod']);

/** How much of a file is read. Only manifests and lock files are ever large. */
export function maxTextBytes(name: string): number {
  return MANIFESTS.has(name) || LOCK_FILES.has(name) ? MAX_MANIFEST_BYTES : MAX_INSTRUCTION_BYTES;
}

/** Decodes a file that was read up to one byte more than its limit, without a byte order mark. Throws StepFailure. */
export function decodeText(name: string, bytes: Buffer): string {
  const max = maxTextBytes(name);
  if (bytes.length > max)
    throw new StepFailure('DOCKERFILE_INVALID', `The file ${name} is larger than ${max / 1024} KiB.`);
  return new TextDecoder().decode(bytes);
}

/** As `decodeText`, for a file that detection reads: cuts all but the manifests. Throws StepFailure. */
export function decodeWanted(name: string, bytes: Buffer): string {
  // Windows saves requirements.txt in UTF-16, and pip reads it.
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (isUtf16) return new TextDecoder('utf-16le').decode(bytes.subarray(0, maxTextBytes(name)));
  return decodeText(name, MANIFESTS.has(name) ? bytes : bytes.subarray(0, maxTextBytes(name)));
}

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
    const sink = pack.entry(withoutRawNames(pack, header), (error) => (error ? reject(error) : resolve()));
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
