import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Adds the folders of administration programs, which may be missing in a user's PATH. */
export const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');

const running = new Set();

/**
 * Runs a program to its end and returns its output. It has its own process group, so Ctrl-C reaches it only through `endRunning`:
 * a package manager must not be interrupted.
 */
export function run(command, args, { cwd, env = {}, mayBeCut = true } = {}) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH, ...env }, stdio, detached: true });
    const ended = new Promise((done) => child.once('close', done));
    const entry = { child, ended, mayBeCut };
    running.add(entry);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => (running.delete(entry), resolve({ code: 127, output: error.message })));
    child.once('close', (code) => (running.delete(entry), resolve({ code, output })));
  });
}

export async function endRunning() {
  await Promise.all(
    [...running].map(async ({ child, ended, mayBeCut }) => {
      if (mayBeCut) process.kill(-child.pid, 'SIGTERM');
      else process.stdout.write('Waiting for the installation to finish …\n');
      await ended;
    }),
  );
}

export function findProgram(name) {
  return PATH.split(':')
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the last line that looks like an error, else the last line. */
export function lastErrorLine(log) {
  const lines = log.trim().split('\n');
  const line = lines.findLast((text) => /\b(error|fatal|failed|cannot)\b|^E: |level=fatal/i.test(text)) ?? lines.at(-1);
  return (line || 'no output').replace(/^time=\S+ level=\w+ msg=/, '').trim();
}
