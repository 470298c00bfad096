import path from 'node:path';

/** A file, folder or symbolic link of a checkout or an upload. */
export interface TreeEntry {
  /** relative to the root, with /, normalized */
  name: string;
  kind: 'file' | 'directory' | 'symlink';
  size: number;
  mode: number;
  /** symlinks only */
  target: string;
}

/** True when a symbolic link of this name leads out of the tree. */
export function leadsOut(name: string, target: string): boolean {
  const lands = path.posix.normalize(path.posix.join(path.posix.dirname(name), target));
  return path.posix.isAbsolute(target) || lands === '..' || lands.startsWith('../');
}

/** Reduces a mode to the two that git stores: 755 or 644. */
export function modeOf(mode: number): number {
  return mode & 0o100 ? 0o755 : 0o644;
}
