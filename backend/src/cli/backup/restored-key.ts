import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#src/config/config.js';
import { writePrivately } from './private-file.js';

/** The encryption key of a backup, which becomes the key of this machine after its rows are restored. */
export class RestoredKey {
  private readonly file: string;
  private readonly waiting: string;
  private readonly isStored: boolean;

  /** Throws when ENCRYPTION_KEY is another key. */
  constructor(
    { data }: Config,
    private readonly key: string,
  ) {
    if (data.encryptionKey !== undefined && !isSameKey(data.encryptionKey, key))
      throw new Error(
        'ENCRYPTION_KEY is not the key of this backup: set it to that key, or unset it. Nothing was changed.',
      );
    this.file = data.keyFile;
    this.waiting = `${this.file}.restoring`;
    this.isStored = data.encryptionKey !== undefined || (existsSync(this.file) && isSameKey(readKey(this.file), key));
  }

  /** Writes the key beside its place: the rename that `store` does cannot fail for want of disk space. */
  prepare(): void {
    if (this.isStored) return;
    mkdirSync(path.dirname(this.file), { recursive: true });
    rmSync(this.waiting, { force: true });
    writePrivately(this.waiting, `${this.key}\n`);
  }

  /** Puts the key in its place. Returns the file that keeps the former key, if there was another one. */
  store(now: Date): string | undefined {
    if (this.isStored) return undefined;
    const former = existsSync(this.file)
      ? `${this.file}.before-restore-${now.toISOString().replaceAll(':', '-')}`
      : undefined;
    // A second name, so that there is a key at every moment.
    if (former !== undefined) linkSync(this.file, former);
    renameSync(this.waiting, this.file);
    return former;
  }

  /** Removes what `prepare` wrote, after a failure. */
  discard(): void {
    rmSync(this.waiting, { force: true });
  }
}

function readKey(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

/** Compares keys in base64 or hexadecimal. */
function isSameKey(one: string, other: string): boolean {
  return bytesOf(one).equals(bytesOf(other));
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, /^[0-9a-fA-F]{64}$/.test(key) ? 'hex' : 'base64');
}
