/** sysexits.h, as the API itself uses them. */
export const EXIT = { failed: 1, usage: 64, unavailable: 69, portTaken: 73, config: 78 };

/** What ends a script: one sentence that says what to do. */
export class Failure extends Error {
  constructor(message, exitCode = EXIT.unavailable) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The sentence on stderr; a stack only for what is a mistake of ours. */
export function tell(error) {
  process.stderr.write(`${error instanceof Failure ? error.message : error.stack}\n`);
  return error.exitCode ?? EXIT.failed;
}

/** What Node says of the system, in words. */
export function reason({ code, message }) {
  const words = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full',
    ENOENT: 'it does not exist',
    ENOTDIR: 'it is a file, or a part of its path is one',
    EISDIR: 'it is a folder',
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name is unknown',
    ETIMEDOUT: 'no answer in time',
  };
  return words[code] ?? code ?? message;
}
