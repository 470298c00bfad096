/**
 * Packages from Debian, also from a newer release than the machine's: what goes into an image, or into an engine's own root, brings
 * its own libraries and touches nothing here. The mirror is whichever one the machine uses.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked } from './cached.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

export const NEWER_RELEASE = 'forky';

export function debianMirror(): string {
  const mirror =
    /^URIs:\s*(\S+)/m.exec(readSources('/etc/apt/sources.list.d/debian.sources')) ??
    /^deb\s+(?:\[.*?\]\s+)?(https?:\S+)/m.exec(readSources('/etc/apt/sources.list'));
  if (!mirror?.[1]) throw new Error('no Debian mirror in /etc/apt: the test bed needs one to make its images');
  return mirror[1];
}

/** Downloads packages of the machine's own release and unpacks them. */
export async function unpackPackages(packages: string[], target: string): Promise<void> {
  const downloads = mkdtempSync(join(stateDir.data, 'debs-'));
  await runCommand('apt-get', ['download', '-q', ...packages], downloads);
  for (const file of packageFiles(downloads)) await runCommand('dpkg-deb', ['-x', file, target]);
}

/** Downloads packages of a newer release together with all they depend on, and unpacks them. */
export async function unpackNewerPackages(packages: string[], target: string, release = NEWER_RELEASE): Promise<void> {
  const archives = await locked(`apt-${release}`, () => downloadNewer(packages, release));
  for (const file of packageFiles(archives)) await runCommand('dpkg-deb', ['-x', file, target]);
}

async function downloadNewer(packages: string[], release: string): Promise<string> {
  const apt = join(stateDir.cache, `apt-${release}`);
  // A cache of its own for every set: all that is in it is unpacked.
  const cache = join(apt, packages.join('+'));
  for (const directory of [join(apt, 'lists/partial'), join(cache, 'archives/partial')])
    mkdirSync(directory, { recursive: true });
  writeFileSync(join(apt, 'status'), '');
  // The machine's key ring may be older than the newer release's keys; nothing of it runs outside containers.
  writeFileSync(join(apt, 'sources.list'), `deb [trusted=yes] ${debianMirror()} ${release} main\n`);
  const options = [
    `Dir::Etc::SourceList=${apt}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=root',
    'APT::Install-Recommends=0',
  ].flatMap((option) => ['-o', option]);
  await runCommand('apt-get', ['-qq', ...options, 'update']);
  await runCommand('apt-get', ['-qq', ...options, '-y', '--download-only', 'install', ...packages]);
  return join(cache, 'archives');
}

function packageFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(directory, name));
}

function readSources(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
