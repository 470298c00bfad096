/** Exit codes of sysexits.h. The API uses the same. */
export const EXIT = { failed: 1, usage: 64, unavailable: 69, portTaken: 73, config: 78 };

/** An error that ends a script. Its message is one sentence that says what to do. */
export class Failure extends Error {
  constructor(message, exitCode = EXIT.unavailable) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Prints the message to stderr, and a stack trace only for a bug. */
export function tell(error) {
  process.stderr.write(`${error instanceof Failure ? error.message : error.stack}\n`);
  return error.exitCode ?? EXIT.failed;
}

/** Describes a system error of Node.js. */
export function reason({ code, message }) {
  const words = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full',
    ENOENT: 'it does not exist',
    ENOTDIR: 'the path or a part of it is a file',
    EISDIR: 'it is a folder',
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name is unknown',
    ETIMEDOUT: 'no answer in time',
  };
  return words[code] ?? code ?? message;
}
