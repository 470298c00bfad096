import { run } from './run.mjs';

/** script/lib/packages.sh uses the same lock: apt-get does not always wait for another apt-get. */
const LOCK = '/var/lib/dpkg/berth.lock';

/** Resolves to `{ code, output }` of the installation. Ctrl-C does not interrupt it, because that would leave a half-installed package. */
export async function installDebianPackages(names, ...options) {
  const aptGet = (...args) =>
    run('flock', [LOCK, 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      mayBeCut: false,
    });
  // If the update fails, the old package list may still have the package.
  await aptGet('update');
  return aptGet('install', '-y', ...options, ...names);
}
