import path from 'node:path';

/** A file, folder or symbolic link of what is built, wherever it is kept. */
export interface TreeEntry {
  /** relative to the root, with /, normalised */
  name: string;
  kind: 'file' | 'directory' | 'symlink';
  size: number;
  mode: number;
  /** of a symlink */
  target: string;
}

/** Does a symbolic link of this name lead out of the tree? */
export function leadsOut(name: string, target: string): boolean {
  const lands = path.posix.normalize(path.posix.join(path.posix.dirname(name), target));
  return path.posix.isAbsolute(target) || lands === '..' || lands.startsWith('../');
}

/** The two modes that an image has: as git keeps them. */
export function modeOf(mode: number): number {
  return mode & 0o100 ? 0o755 : 0o644;
}
