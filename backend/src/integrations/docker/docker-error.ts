import { safeText } from '#src/common/safe-text.js';
import type { EngineError } from '#src/common/errors/engine-unavailable.js';

export type DockerErrorKind = 'unavailable' | 'not-found' | 'conflict' | 'invalid' | 'unauthorized' | 'failed';

/** An error of the Engine. Its kind replaces Docker's status codes, which code outside this folder does not read. */
export class DockerError extends Error implements EngineError {
  constructor(
    readonly kind: DockerErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(safeText(withoutQuotedVariable(message)), options);
  }

  /** @see EngineError */
  get isEngineUnavailable(): boolean {
    return this.kind === 'unavailable';
  }
}

/** Swarm quotes the whole `NAME=value` of a variable, or the path of a mount, that it cannot expand as a template. */
function withoutQuotedVariable(message: string): string {
  const at = message.indexOf('expanding ');
  return at < 0 ? message : `${message.slice(0, at)}a variable or a mount is no valid template`;
}

export function isDockerError(error: unknown, kind: DockerErrorKind): boolean {
  return error instanceof DockerError && error.kind === kind;
}

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'EACCES',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);

export function toDockerError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof DockerError || thrown.name === 'AbortError') return thrown;
  const { statusCode, code, json } = thrown as Error & { statusCode?: number; code?: string; json?: unknown };
  if (code && SOCKET_CODES.has(code))
    return new DockerError('unavailable', `the Docker Engine does not answer (${code})`, { cause: thrown });
  if (statusCode === undefined) return thrown;
  // Without the cause: a logger would print the same text again, as the engine wrote it.
  return new DockerError(kindOf(statusCode), engineMessage(json) ?? thrown.message);
}

function kindOf(status: number): DockerErrorKind {
  switch (status) {
    case 400:
      return 'invalid';
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
      return 'not-found';
    case 409:
      return 'conflict';
    case 503:
      return 'unavailable';
    default:
      return 'failed';
  }
}

function engineMessage(json: unknown): string | undefined {
  const message = (json as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : undefined;
}
