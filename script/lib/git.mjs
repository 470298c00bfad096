/** The programs that deployments from Git need. Everything else in Berth works without them. */
import process from 'node:process';
import { installDebianPackages } from './debian.mjs';
import { Failure } from './failure.mjs';
import { findProgram, lastErrorLine } from './run.mjs';

const PACKAGES = { git: 'git', ssh: 'openssh-client', setpriv: 'util-linux' };

function missingPackages() {
  return Object.keys(PACKAGES)
    .filter((program) => !findProgram(program))
    .map((program) => PACKAGES[program]);
}

function canInstall() {
  return process.getuid() === 0 && findProgram('apt-get') !== undefined;
}

/** Undefined when nothing is missing; else what is missing and whether it will be installed. */
export function planGit() {
  const missing = missingPackages();
  if (missing.length === 0) return undefined;
  return canInstall()
    ? { willInstall: true, text: `${missing.join(', ')} will be installed` }
    : { willInstall: false, text: `${missing.join(', ')} missing: deployments from Git will fail until it is installed` };
}

export async function installGit() {
  const missing = missingPackages();
  if (missing.length === 0 || !canInstall()) return;
  process.stdout.write(`Installing ${missing.join(', ')} …\n`);
  const { code, output } = await installDebianPackages(missing, '--no-install-recommends');
  if (code !== 0) throw new Failure(`${missing.join(', ')} could not be installed (${lastErrorLine(output)}): install it, and run this again.`);
}
