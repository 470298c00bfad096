import { run } from './run.mjs';

/** The lock that script/lib/packages.sh takes, too: apt-get does not wait for another one in every case. */
const LOCK = '/var/lib/dpkg/berth.lock';

/** Resolves to `{ code, output }` of the installation. It is never cut short: a half-installed package helps nobody. */
export async function installDebianPackages(names, ...options) {
  const aptGet = (...args) =>
    run('flock', [LOCK, 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      mayBeCut: false,
    });
  // What fails to update may still hold the package.
  await aptGet('update');
  return aptGet('install', '-y', ...options, ...names);
}
