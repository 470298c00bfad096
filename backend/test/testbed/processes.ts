/**
 * Reads processes from /proc, because most of what the test bed ends was started by an engine or by another worker of the test runner.
 * A process is only ever ended by its id, after its command was checked: pid files outlive what they name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { eventually } from './eventually.js';

export function commandLineOf(pid: number): string[] {
  try {
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return [];
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Dead, a zombie, or another program that got the same number: all of them count as gone. */
export function isRunning(pid: number, program: string): boolean {
  return commandLineOf(pid).some((argument) => basename(argument) === program);
}

export function readPidFile(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

export function findProcesses(matches: (commandLine: string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => matches(commandLineOf(pid)));
}

export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime, which is what was wanted.
  }
}

/** Ends a process and waits until it is gone; the second signal is for those that do not listen to the first. */
export async function endProcess(pid: number, name: NodeJS.Signals = 'SIGTERM', patienceMs = 30_000): Promise<void> {
  signal(pid, name);
  try {
    await untilGone(pid, patienceMs);
  } catch {
    signal(pid, 'SIGKILL');
    await untilGone(pid, 10_000);
  }
}

async function untilGone(pid: number, timeoutMs: number): Promise<void> {
  await eventually(() => {
    if (commandLineOf(pid).length > 0) throw new Error(`process ${pid} (${commandLineOf(pid)[0]}) does not end`);
  }, timeoutMs);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
