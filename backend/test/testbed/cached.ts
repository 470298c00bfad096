/** What takes long to make is made once, whichever run needs it first; runs beside it wait instead of making it again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { stateDir } from './state-dir.js';

/** Gives `target`, which `make` fills under another name. */
export async function cached(target: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  return locked(basename(target), async () => {
    if (existsSync(target)) return target;
    const unfinished = `${target}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(dirname(target), { recursive: true });
    await make(unfinished);
    renameSync(unfinished, target);
    return target;
  });
}

/** Runs have process ids of their own, so that only the file system's locks hold between them. One whose holder was killed is free. */
export async function locked<T>(name: string, action: () => Promise<T>): Promise<T> {
  const file = join(stateDir.cache, `${name}.lock`);
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
