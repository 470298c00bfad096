import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of this machine's processes that contain a text. */
export function commandLinesWith(text: string): string[] {
  return readProcesses('cmdline').filter((line) => line.includes(text));
}

/** Of processes that hold a text in their environment, their command lines. */
export function environmentsWith(text: string): string[] {
  return readProcesses('environ').filter((variables) => variables.includes(text));
}

function readProcesses(file: 'cmdline' | 'environ'): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // it has ended
      }
    });
}
