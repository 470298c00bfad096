import { fieldsOf, type NodeManifest, parseYaml, readManifest } from './node-manifest.js';
import type { SourceFiles } from './source-files.js';

const MANIFEST = 'package.json';
const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];
const FOLDER = /^[\w@.-]+(?:\/[\w@.-]+)*$/;

/** A package of a workspace, by its folder. */
interface Member {
  folder: string;
  manifest: NodeManifest;
}

/** True when the folder is a Node.js package without a lock file of its own: its workspace may be above it. */
export function mayBeWorkspaceMember(names: ReadonlySet<string>, folder: string): boolean {
  return (
    FOLDER.test(folder) &&
    names.has(MANIFEST) &&
    !names.has('Dockerfile') &&
    !LOCK_FILES.some((name) => names.has(name))
  );
}

/** True when these files are the root of a workspace that has this folder. */
export function isWorkspaceRoot(files: SourceFiles, folder: string): boolean {
  return isWorkspace(files) && files.has(`${folder}/${MANIFEST}`);
}

export function isWorkspace(files: SourceFiles): boolean {
  return isPnpmWorkspace(files) || readManifest(files).hasWorkspaces;
}

/** True when pnpm-workspace.yaml lists packages: that of a single package has settings only. */
export function isPnpmWorkspace(files: SourceFiles): boolean {
  return fieldsOf(parseYaml(files.text('pnpm-workspace.yaml')))['packages'] !== undefined;
}

/** The packages below the root that can be deployed: those with a start or a build script. */
export function deployableFolders(files: SourceFiles): string[] {
  const found = membersOf(files).filter(({ manifest: { scripts } }) => scripts.has('start') || scripts.has('build'));
  return found.map(({ folder }) => folder).sort();
}

/** Folders of the packages with a build script that a package needs, each after those that it needs itself. */
export function buildOrder(files: SourceFiles, folder: string): string[] {
  const members = new Map(membersOf(files).map((member) => [member.manifest.name ?? member.folder, member]));
  const order: string[] = [];
  const visited = new Set<string>();
  const visit = ({ folder: current, manifest }: Member): void => {
    if (visited.has(current)) return;
    visited.add(current);
    for (const name of [...manifest.dependencies.keys(), ...manifest.devDependencies.keys()]) {
      const needed = members.get(name);
      if (needed) visit(needed);
    }
    if (current !== folder && manifest.scripts.has('build')) order.push(current);
  };
  visit({ folder, manifest: readManifest(files, `${folder}/${MANIFEST}`) });
  return order;
}

function membersOf(files: SourceFiles): Member[] {
  const members: Member[] = [];
  for (const name of files.names) {
    if (!name.endsWith(`/${MANIFEST}`) || files.text(name) === undefined) continue;
    const folder = name.slice(0, -MANIFEST.length - 1);
    if (FOLDER.test(folder)) members.push({ folder, manifest: readManifest(files, name) });
  }
  return members;
}
