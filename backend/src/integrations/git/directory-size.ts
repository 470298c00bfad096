import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Total size of all files in a directory in bytes. A file that is removed meanwhile does not count. */
export async function directorySize(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) bytes += await directorySize(file);
    else if (entry.isFile())
      bytes += await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
