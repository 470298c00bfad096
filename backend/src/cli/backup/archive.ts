import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack, type Pack } from 'tar-stream';

/** A part is held in memory, because the header of a tar entry needs its size. */
const PART_BYTES = 8 * 2 ** 20;

/** One part of an item of a backup. */
export interface Part {
  name: string;
  content: Buffer;
}

/** Writes a backup: a gzipped tar of named items, each in numbered parts. */
export class ArchiveWriter {
  private readonly tar: Pack = pack();
  private readonly written: Promise<void>;

  constructor(target: Writable) {
    this.written = pipeline(this.tar, createGzip({ level: 3 }), target);
    this.written.catch(() => undefined); // end() throws it
  }

  async add(name: string, content: Buffer | string): Promise<void> {
    const entry = Buffer.from(content as string);
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      this.tar.entry({ name, mode: 0o600, mtime: new Date(0) }, entry, done);
    });
    if (this.tar.destroyed) await this.written;
  }

  /** Writes a stream in parts. */
  async stream(name: string, source: Readable | AsyncIterable<Buffer | string>): Promise<void> {
    let held: Buffer[] = [];
    let bytes = 0;
    let part = 0;
    const flush = async () => {
      await this.add(`${name}/${String(part++).padStart(6, '0')}`, Buffer.concat(held));
      held = [];
      bytes = 0;
    };
    for await (const chunk of source) {
      const piece = Buffer.from(chunk as string);
      held.push(piece);
      bytes += piece.length;
      if (bytes >= PART_BYTES) await flush();
    }
    await flush();
  }

  async end(): Promise<void> {
    this.tar.finalize();
    await this.written;
  }
}

/** Reads the parts of a backup in order. Throws the error of gunzip or tar if the file is not a complete backup. */
export async function* partsOf(source: Readable): AsyncGenerator<Part> {
  const entries = extract();
  const read = pipeline(source, createGunzip(), entries);
  read.catch(() => undefined); // the loop throws it
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    yield { name: entry.header.name, content: Buffer.concat(chunks) };
  }
  await read;
}
