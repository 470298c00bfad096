import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { endProcess, isRunning, readPidFile } from './processes.js';
import { commandEnvironment } from './run-command.js';
import { stateDir } from './state-dir.js';

/**
 * A long-lived program with a pid file and a log under the state directory. It runs in a session of its own, so that neither the
 * end of the test runner nor a Ctrl-C reaches it: what is up stays up until it is torn down, by this run or by a later one.
 */
export class Daemon {
  private readonly pidFile: string;
  readonly logFile: string;

  constructor(
    readonly name: string,
    /** The program that the process finally is; wrappers such as nsenter become it. */
    private readonly program: string,
  ) {
    this.pidFile = join(stateDir.run, `${name}.pid`);
    this.logFile = join(stateDir.log, `${name}.log`);
  }

  get pid(): number | undefined {
    const pid = readPidFile(this.pidFile);
    return pid !== undefined && isRunning(pid, this.program) ? pid : undefined;
  }

  /** Also true of one that was killed since. */
  get wasStarted(): boolean {
    return existsSync(this.pidFile);
  }

  /** The pid of what was started. */
  start(commandLine: string[]): number {
    const [command, ...args] = commandLine;
    if (command === undefined) throw new Error(`${this.name} has no command`);
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env: commandEnvironment() });
    closeSync(log);
    child.on('error', (error) =>
      writeFileSync(this.logFile, `${basename(command)}: ${error.message}\n`, { flag: 'a' }),
    );
    child.unref();
    if (child.pid === undefined) throw new Error(`${command} could not be started; is its package installed?`);
    writeFileSync(this.pidFile, `${child.pid}\n`);
    return child.pid;
  }

  async stop(name: NodeJS.Signals = 'SIGTERM', patienceMs?: number): Promise<void> {
    const pid = this.pid;
    if (pid !== undefined) await endProcess(pid, name, patienceMs);
    rmSync(this.pidFile, { force: true });
  }

  logTail(lines = 15): string {
    if (!existsSync(this.logFile)) return '';
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}
