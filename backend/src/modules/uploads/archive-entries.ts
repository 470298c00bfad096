import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { DomainError } from '#src/common/errors/domain-error.js';
import { TreeCheck } from './tree-check.js';
import type { TreeEntry } from './tree-entry.js';

export interface ArchiveEntry {
  entry: TreeEntry;
  /** Must be read, or drained with `resume()`, before the next entry. */
  content: Readable;
}

const MIB = 2 ** 20;
const BLOCK_BYTES = 512;
const GUNZIP_CHUNK_BYTES = 64 * 1024;
/** Names are bytes, which `TreeCheck` decodes. The types of tar-stream lack this option. */
const EXTRACT_OPTIONS = { highWaterMark: 16_384, filenameEncoding: 'latin1' };
/** Maximum ratio of the unpacked size to the maximum body size. */
const UNPACKED_FACTOR = 4;

export function maxUnpackedBytes(maxBodyBytes: number): number {
  return UNPACKED_FACTOR * maxBodyBytes;
}

/**
 * Yields the entries of a tar and validates each while the body is received. It keeps only their names in memory.
 * Throws UPLOAD_INVALID, PAYLOAD_TOO_LARGE, and any error of `body`.
 */
export async function* archiveEntries(
  body: AsyncIterable<Buffer>,
  { isGzip, maxBytes }: { isGzip: boolean; maxBytes: number },
): AsyncGenerator<ArchiveEntry> {
  const { extract: createExtract } = await import('tar-stream');
  const extract = createExtract(EXTRACT_OPTIONS);
  const check = new TreeCheck();
  let isEmpty = true;
  const writing = write(bounded(isGzip ? gunzipped(body) : body, maxBytes), extract);
  try {
    for await (const content of extract) {
      const entry = check.validate(content.header);
      if (entry) {
        isEmpty = false;
        yield { entry, content: readable(content) };
      } else readable(content).resume();
    }
    await writing;
  } catch (error) {
    throw error instanceof DomainError ? error : archiveError(error);
  } finally {
    extract.destroy(null);
  }
  if (isEmpty) throw new DomainError('UPLOAD_INVALID', { detail: 'The archive is empty.' });
}

/** Writes the body to the tar parser. An error of the body becomes an error of the parser. */
async function write(blocks: AsyncIterable<Buffer>, extract: Extract): Promise<void> {
  let wake: () => void = () => undefined;
  extract.on('drain', () => wake()).on('close', () => wake());
  try {
    for await (const block of blocks) {
      if (!extract.write(block)) await new Promise<void>((resolve) => (wake = resolve));
      if (extract.destroyed) return;
    }
    extract.end(null);
  } catch (error) {
    extract.destroy(error as Error);
  }
}

async function* gunzipped(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  let isConsumed = false;
  const source = async function* () {
    yield* body;
    isConsumed = true;
  };
  // The reader below gets the error.
  pipeline(source, gunzip).catch(() => undefined);
  try {
    for await (const block of gunzip) yield block as Buffer;
  } finally {
    gunzip.destroy();
  }
  if (!isConsumed)
    throw new DomainError('UPLOAD_INVALID', { detail: 'The body has data after the end of the gzip stream.' });
}

/** Enforces `maxBytes`, and the zero blocks at the end of a tar: without them the archive is truncated. */
async function* bounded(blocks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  let tail: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    total += block.length;
    if (total > maxBytes)
      throw new DomainError('PAYLOAD_TOO_LARGE', {
        detail: `Unpacked, the archive is larger than ${Math.floor(maxBytes / MIB)} MiB.`,
        hint: 'Exclude files with .dockerignore.',
      });
    tail = block.length >= BLOCK_BYTES ? block : Buffer.concat([tail.subarray(-BLOCK_BYTES), block]);
    yield block;
  }
  const end = tail.subarray(-BLOCK_BYTES);
  if (end.length < BLOCK_BYTES || end.some((byte) => byte !== 0)) throw new Error('Unexpected end of data');
}

function archiveError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const problem = code?.startsWith('Z_')
    ? 'The body is not gzip, or it is truncated.'
    : message === 'Unexpected end of data'
      ? 'The archive is truncated.'
      : /header/i.test(message)
        ? 'The body is not a tar archive.'
        : undefined;
  return problem === undefined ? error : new DomainError('UPLOAD_INVALID', { detail: problem, cause: error });
}

/** Casts a stream of streamx: Node's streams accept it as one of their own, but Node's types do not. */
export function readable(stream: object): Readable {
  return stream as Readable;
}
