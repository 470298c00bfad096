import { cutText } from '#src/common/cut-text.js';
import { safeText } from '#src/common/safe-text.js';
import type { FailedStep } from './build-progress.js';
import { DockerError } from './docker-error.js';
import { RegistryError, toRegistryError } from './registry-error.js';

export type BuildErrorKind = 'dockerfile' | 'step' | 'base-image' | 'disk-full';

/**
 * A failed build; the message is for the user. For `base-image` the message is the image's name and the cause a
 * RegistryError.
 */
export class BuildError extends Error {
  constructor(
    readonly kind: BuildErrorKind,
    message: string,
    /** Last output lines of the failed step. */
    readonly output: string[] = [],
    options?: { cause?: unknown },
  ) {
    super(safeText(message), options);
  }
}

const FULL = /no space left on device/i;
const INVALID =
  /dockerfile parse error|unknown instruction|unknown flag|file with no instructions|no build stage|circular dependency|failed to parse|invalid reference format/i;
/** A prefix that says where BuildKit was, not what failed. */
const PREAMBLE =
  /^(?:failed to solve(?: with frontend [^\s:]+)?: |failed to (?:create|compute|process|load|read)[^:=]*(?:: | = )|rpc error: code = \w+ desc = )/;
const PULLS = /^\[internal\] load metadata|^resolve image config|\] FROM /;

/** `secret npmrc not found: not found`, `secret npmrc: not found` */
const SECRET_MISSING = /\bsecret ([\w.-]{1,128})(?: not found)?: not found/;

/** BuildKit quotes commands and the answers of servers: what it says itself stands before and after. */
const MAX_READ_CHARACTERS = 2048;

/** Maps the text of BuildKit's error, which has no code. `failed` is the failed step, if known. */
export function buildErrorOf(text: string, failed: FailedStep | undefined): BuildError {
  const message = excerpt(text);
  const cause = new DockerError('failed', message);
  const reason = withoutPreambles(message);
  if (FULL.test(message))
    return new BuildError('disk-full', 'There is no disk space left for the build.', [], { cause });
  const exit = /exit code: (\d+)/.exec(message)?.[1];
  if (failed && exit !== undefined) {
    const said = `${nameOf(failed)} ended with exit code ${exit}${exit === '137' ? KILLED : ''}.`;
    return new BuildError('step', said, failed.output, { cause });
  }
  if (INVALID.test(message))
    return new BuildError('dockerfile', `The Dockerfile is not valid: ${reason}`, [], { cause });
  const secret = SECRET_MISSING.exec(message)?.[1];
  if (secret !== undefined)
    return new BuildError('step', `The build needs the secret ${secret}: add it to buildSecrets.`, [], { cause });
  const registryError = failed && PULLS.test(failed.name) ? registryErrorOf(message, cause) : undefined;
  if (failed && registryError) return new BuildError('base-image', baseImageOf(failed), [], { cause: registryError });
  const said = failed ? `${nameOf(failed)} failed: ${excerpt(failed.error)}` : `The build failed: ${reason}`;
  return new BuildError('step', said, failed?.output, { cause });
}

function withoutPreambles(message: string): string {
  const [preamble] = PREAMBLE.exec(message) ?? [];
  return preamble ? withoutPreambles(message.slice(preamble.length)) : message;
}

const KILLED = ' (it was killed, probably because it used too much memory)';

function excerpt(text: string): string {
  if (text.length <= 2 * MAX_READ_CHARACTERS) return text;
  return `${text.slice(0, MAX_READ_CHARACTERS)} … ${text.slice(-MAX_READ_CHARACTERS)}`;
}

/** What the registry of a base image answered is not shown: it may be a server of this machine's network. */
function registryErrorOf(message: string, cause: DockerError): RegistryError {
  if (message.endsWith(': not found')) return new RegistryError('not-found', message, { cause });
  return toRegistryError(message, cause) ?? new RegistryError('failed', message, { cause });
}

/** `Step 3/7, RUN npm ci,` of `[3/7] RUN npm ci`. */
function nameOf({ name }: FailedStep): string {
  const [, place, text] = /^\[(?:[^\] ]+ )?(\d+\/\d+)\] (.*)$/s.exec(name) ?? [];
  return text ? `Step ${place}, ${cutText(text, 400)},` : name;
}

function baseImageOf({ name }: FailedStep): string {
  return (
    /(?:load metadata for|resolve image config for|FROM) (?:docker\.io\/(?:library\/)?)?(\S+)/.exec(name)?.[1] ??
    'a base image'
  );
}
