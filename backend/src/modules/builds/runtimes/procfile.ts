import type { SourceFiles } from './source-files.js';

/** Commands of a Procfile by the name of their process. */
export function procfileOf(files: SourceFiles): ReadonlyMap<string, string> {
  const processes = new Map<string, string>();
  for (const line of (files.text('Procfile') ?? '').split('\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(at, 0)).trim();
    const command = line.slice(at + 1).trim();
    if (/^[\w-]+$/.test(name) && command !== '' && !processes.has(name)) processes.set(name, command);
  }
  return processes;
}

export interface Process {
  name: string;
  command: string;
}

/** What a Procfile runs, all but `release`. */
export function processesOf(files: SourceFiles): Process[] {
  const all = [...procfileOf(files)].map(([name, command]) => ({ name, command }));
  return all.filter(({ name }) => name !== 'release');
}

/** The program of a repository without a site: the only process beside `release`, such as the `worker` of a bot. */
export function onlyProcessOf(files: SourceFiles): Process | undefined {
  const [first, ...others] = processesOf(files);
  return others.length > 0 ? undefined : first;
}

/** A plain command as its words, so that an image without a shell can run it; any other for the shell. */
export function argumentsOf(command: string): string[] {
  const isPlain = /^[\w@%+:,./-][\w@%+:,./= -]*$/.test(command) && !/^\w+=/.test(command);
  return isPlain ? command.split(' ').filter((word) => word !== '') : ['/bin/sh', '-c', command];
}
