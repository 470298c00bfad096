/**
 * Remembers, in a file, an engine that was there before the test bed took its place, so that it comes back afterwards, even when the
 * run that displaced it was killed and a later one tears down.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { commandLineOf } from './processes.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

export interface DisplacedEngine {
  commandLine: string[];
  /** Started by the machine's service manager, which would start it again at once if only its process ended. */
  isService: boolean;
}

const SERVICE_UNITS = ['docker.socket', 'docker.service'];
const record = join(stateDir.run, 'displaced-engine.json');

/** The caller ends the process. */
export async function displaceEngine(pid: number): Promise<DisplacedEngine> {
  const displaced = { commandLine: commandLineOf(pid), isService: isService(pid) };
  writeFileSync(record, JSON.stringify(displaced));
  if (displaced.isService) await runCommand('systemctl', ['stop', ...SERVICE_UNITS]);
  return displaced;
}

export function hasDisplacedEngine(): boolean {
  return existsSync(record);
}

export async function recallDisplacedEngine(): Promise<void> {
  if (!existsSync(record)) return;
  const displaced = JSON.parse(readFileSync(record, 'utf8')) as DisplacedEngine;
  rmSync(record);
  if (displaced.isService) await runCommand('systemctl', ['start', ...SERVICE_UNITS]);
  else new Daemon('recalled-engine', 'dockerd').start(displaced.commandLine);
}

function isService(pid: number): boolean {
  return existsSync('/run/systemd/system') && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('/docker.service');
}
