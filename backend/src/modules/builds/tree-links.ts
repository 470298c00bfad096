import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';

const MAX_LINKS = 40;

/**
 * Resolves a path to the name of a file of the tree, through links, part by part as the kernel does. Undefined when
 * there is no such file, and for a path or a link that leads out of the tree, even when it leads back in.
 */
export function resolveFile(byName: ReadonlyMap<string, TreeEntry>, name: string): string | undefined {
  const rest = name.split('/').toReversed();
  const done: string[] = [];
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (done.pop() === undefined) return undefined;
      continue;
    }
    const entry = byName.get([...done, part].join('/'));
    if (entry?.kind !== 'symlink') {
      done.push(part);
      continue;
    }
    if (++links > MAX_LINKS || entry.target.startsWith('/')) return undefined;
    rest.push(...entry.target.split('/').toReversed());
  }
  const found = done.join('/');
  return byName.get(found)?.kind === 'file' ? found : undefined;
}
