import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const BACKEND = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** The command line `berth`, compiled from its sources. */
export class CommandLine {
  /** Where it finds `type: module` and its npm packages. It is also the home directory, which has no login. */
  readonly folder = mkdtempSync(path.join(BACKEND, 'node_modules/.berth-cli-'));
  private readonly program = path.join(this.folder, 'cli/src/berth.js');

  async build(): Promise<void> {
    const tsc = path.join(BACKEND, 'node_modules/typescript/bin/tsc');
    const project = path.join(BACKEND, '../clients/cli/tsconfig.json');
    const types = path.join(BACKEND, 'node_modules/@types');
    await promisify(execFile)(process.execPath, [tsc, '-p', project, '--outDir', this.folder, '--typeRoots', types]);
  }

  /** Writes the program `berth` for a shell. */
  install(file: string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    const options = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';
    writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' ${options} '${this.program}' "$@"\n`, { mode: 0o755 });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  start(args: string[], env: Record<string, string>): ChildProcess {
    return spawn(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', this.program, ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...env },
    });
  }

  run(args: string[], env: Record<string, string>, input = ''): Promise<Ended> {
    const child = this.start(args, env);
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk) => (out += String(chunk)));
    child.stderr?.on('data', (chunk) => (err += String(chunk)));
    child.stdin?.on('error', () => undefined).end(input); // a wrong call ends before it reads
    return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, out, err })));
  }
}
