import { closeSync, constants, fsyncSync, openSync, writeFileSync } from 'node:fs';

/**
 * Creates a file that only its owner can read and opens it for writing. Fails when the name exists, also as a link:
 * otherwise a user with write access to the folder could redirect the file.
 */
export function openPrivately(file: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Writes a private file, to the disk. */
export function writePrivately(file: string, text: string): void {
  const descriptor = openPrivately(file);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
