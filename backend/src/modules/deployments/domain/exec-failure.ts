import { LINUX_CAPABILITIES } from '#src/common/linux-capabilities.js';

/** A program that could not be started, as its file in the image explains it. */
export interface ProgramFile {
  /** Beginning of the file; undefined: there is no such file. */
  head: Buffer | undefined;
  /** Value of the attribute `security.capability`, if it has one. */
  fileCapability?: Buffer;
}

const NO_FILE = 'no such file or directory';
const NOT_PERMITTED = 'operation not permitted';
const REASONS = [NO_FILE, NOT_PERMITTED, 'executable file not found', 'permission denied', 'exec format error'];
/** Where the init process, the Engine or a shell begins to say it. */
const EXEC = /^exec |\[fatal tini|\bexec: /;
const NO_PROGRAMS = new Set(['', 'exec', 'failed', 'line', 'FATAL', 'tini', 'stat']);
const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
/** A program that exists may lack a name with `/`: it was found in these folders. */
export const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Of `security.capability`: magic, then the low halves of permitted and inheritable, then the high ones. */
const PERMITTED_LOW = 4;
const PERMITTED_HIGH = 12;
const BITS = 32;

/** A program that could not be started, and why, in lower case. */
export interface FailedProgram {
  program: string;
  reason: string;
}

/**
 * What a line of output says about a program that could not be started: of the init process (`exec /x failed: …`), of the
 * Engine (`exec /x: …`, `exec: "x": …`) or of a shell (`sh: exec: line 1: /x: …`).
 */
export function failedProgram(line: string): FailedProgram | undefined {
  const lower = line.toLowerCase();
  const reason = REASONS.find((text) => lower.includes(text));
  const start = EXEC.exec(lower)?.index;
  if (reason === undefined || start === undefined) return undefined;
  const said = line.slice(start, lower.lastIndexOf(reason));
  const words = said.split(/[\s:[\]"'`]+/);
  const names = words.filter((word) => !NO_PROGRAMS.has(word) && /\D/.test(word));
  const program = names.find((word) => word.startsWith('/')) ?? names.at(-1);
  return program === undefined ? undefined : { program, reason };
}

/** What to do about it; undefined when the file explains nothing. */
export function execAdvice(
  { program, reason }: FailedProgram,
  { head, fileCapability }: ProgramFile,
): string | undefined {
  if (head === undefined)
    return `The image has no program ${program}: correct the command, or add the program in the Dockerfile.`;
  const capabilities = fileCapability ? capabilitiesOf(fileCapability) : [];
  if (capabilities.length > 0 && reason === NOT_PERMITTED)
    return `${program} has the file capability ${capabilities.join(', ')}: name it in \`capabilities\` beside the default ones; if it is refused, the operator can allow it in ALLOWED_CAPABILITIES.`;
  if (head.subarray(0, ELF.length).equals(ELF) && reason === NO_FILE)
    return `${program} is compiled for another C library than the image has: build it in an image of the same distribution, or link it statically.`;
  if (head.subarray(0, 2).toString('latin1') !== '#!') return undefined;
  const firstLine = head.subarray(2, 258).toString('utf8').split('\n')[0] ?? '';
  const interpreter = firstLine.trim().split(/\s/)[0] ?? '';
  if (firstLine.endsWith('\r'))
    return `${program} ends its lines with CR LF, as on Windows: save it with LF (in Git, \`*.sh text eol=lf\` in .gitattributes).`;
  return reason === NO_FILE
    ? `The first line of ${program} names ${interpreter}, which the image lacks: name another interpreter, or install it.`
    : undefined;
}

/** Names in the permitted set of a file's capabilities. */
export function capabilitiesOf(value: Buffer): string[] {
  const word = (at: number) => (value.length >= at + 4 ? value.readUInt32LE(at) : 0);
  const halves = [word(PERMITTED_LOW), word(PERMITTED_HIGH)];
  return LINUX_CAPABILITIES.filter((_, bit) => ((halves[Math.floor(bit / BITS)] ?? 0) >>> (bit % BITS)) % 2 === 1);
}
