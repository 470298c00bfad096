import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { DomainError } from '#src/common/errors/domain-error.js';
import { TreeCheck } from './tree-check.js';
import type { TreeEntry } from './tree-entry.js';

export interface ArchiveEntry {
  entry: TreeEntry;
  /** To be read, or drained with `resume()`, before the next entry comes. */
  content: Readable;
}

const MIB = 2 ** 20;
const BLOCK_BYTES = 512;
const UNZIPPED_BYTES = 64 * 1024;

/**
 * The entries of a tar, checked one by one while the body comes; nothing is kept but their names. Throws UPLOAD_INVALID, PAYLOAD_TOO_LARGE, and
 * whatever `body` throws.
 */
export async function* archiveEntries(
  body: AsyncIterable<Buffer>,
  { isGzip, maxBytes }: { isGzip: boolean; maxBytes: number },
): AsyncGenerator<ArchiveEntry> {
  const { extract: createExtract } = await import('tar-stream');
  const extract = createExtract();
  const check = new TreeCheck();
  let isEmpty = true;
  const writing = write(bounded(isGzip ? gunzipped(body) : body, maxBytes), extract);
  try {
    for await (const content of extract) {
      const entry = check.admit(content.header);
      if (entry) {
        isEmpty = false;
        yield { entry, content: readable(content) };
      } else readable(content).resume();
    }
    await writing;
  } catch (error) {
    throw error instanceof DomainError ? error : notAnArchive(error);
  } finally {
    extract.destroy(null);
  }
  if (isEmpty) throw new DomainError('UPLOAD_INVALID', { detail: 'The archive is empty.' });
}

/** A fault of the body ends the reader of the entries with it. */
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
  const gunzip = createGunzip({ chunkSize: UNZIPPED_BYTES });
  let isWhole = false;
  const whole = async function* () {
    yield* body;
    isWhole = true;
  };
  // What ends it shows when it is read.
  pipeline(whole, gunzip).catch(() => undefined);
  try {
    for await (const block of gunzip) yield block as Buffer;
  } finally {
    gunzip.destroy();
  }
  if (!isWhole) throw new DomainError('UPLOAD_INVALID', { detail: 'Something follows the end of the gzip stream.' });
}

/** A tar ends with blocks of zeros: without them something is missing, although the last entry may be whole. */
async function* bounded(blocks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  let tail: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    total += block.length;
    if (total > maxBytes)
      throw new DomainError('PAYLOAD_TOO_LARGE', {
        detail: `Unpacked, the archive is larger than ${Math.floor(maxBytes / MIB)} MiB.`,
        hint: 'Leave out what is not needed with .dockerignore.',
      });
    tail = block.length >= BLOCK_BYTES ? block : Buffer.concat([tail.subarray(-BLOCK_BYTES), block]);
    yield block;
  }
  const end = tail.subarray(-BLOCK_BYTES);
  if (end.length < BLOCK_BYTES || end.some((byte) => byte !== 0)) throw new Error('Unexpected end of data');
}

function notAnArchive(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const problem = code?.startsWith('Z_')
    ? 'The body is not gzip, or a part of it is missing.'
    : message === 'Unexpected end of data'
      ? 'The archive is cut off: a part of it is missing.'
      : /header/i.test(message)
        ? 'The body is not a tar archive.'
        : undefined;
  return problem === undefined ? error : new DomainError('UPLOAD_INVALID', { detail: problem, cause: error });
}

/** It is a stream of streamx, which Node's types do not know. */
function readable(entry: object): Readable {
  return entry as unknown as Readable;
}
