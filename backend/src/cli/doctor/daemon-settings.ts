import { readFileSync } from 'node:fs';

const DAEMON_FILES = { settings: '/etc/docker/daemon.json', pid: '/var/run/docker.pid', processes: '/proc' };

/**
 * Whether the daemon of this machine sets no-new-privileges, according to its settings file, which `script/server`
 * writes before the first start, or by its arguments. Engines before 23.0.4 do not report it:
 * https://github.com/moby/moby/pull/45320
 */
export function daemonSetsNoNewPrivileges(files = DAEMON_FILES): boolean {
  const pid = Number(read(files.pid));
  const isInArguments = /--no-new-privileges(?!=false)/.test(read(`${files.processes}/${pid}/cmdline`));
  return isInArguments || isInSettings(read(files.settings));
}

function isInSettings(text: string): boolean {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null)?.['no-new-privileges'] === true;
  } catch {
    return false;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
