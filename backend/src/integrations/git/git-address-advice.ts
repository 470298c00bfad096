/**
 * What to send instead of an address that is no URL of a repository: shorthands, commands, other transports. A problem
 * follows the name "gitUrl". It repeats the text only where that can hold no credentials.
 */
export function problemOfAddress(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  return (
    problemOfCommand(text) ??
    problemOfCharacters(text) ??
    problemOfScheme(text) ??
    problemOfHost(text) ??
    problemOfPort(text)
  );
}

const NAME = '[A-Za-z0-9_][A-Za-z0-9._-]*';
/** `host`, with a dot or a port, and a path. */
const NO_SCHEME = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?|[a-z0-9-]+:\d{1,5})\/[^@?#]*$/i;
const SHORT = new RegExp(`^${NAME}/${NAME}$`);
const PREFIXED = new RegExp(`^(github|gh|gitlab|bitbucket):(${NAME}/${NAME})$`);
const SCP_WITHOUT_USER = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+):([^/@\d][^@]*)$/i;
const SCP_WITH_SLASH = /^(git@[a-z0-9.-]+)\/([^@:]+)$/i;
const CODECOMMIT = /^codecommit:(?::([a-z0-9-]+):)?\/\/(?:[^/@]*@)?([A-Za-z0-9._-]+)$/;
const FORGES: Record<string, string> = {
  github: 'github.com',
  gh: 'github.com',
  gitlab: 'gitlab.com',
  bitbucket: 'bitbucket.org',
};
const REFUSED_SCHEMES: Record<string, string> = {
  http: 'must be https://…, not http://: that is not encrypted, and would show the code and the token to others',
  git: 'must be https://…, not git://: that is neither encrypted nor authenticated',
  file: 'must be an address that this server can reach by https or ssh, not a file: push the repository, or upload the folder',
};
const TRANSPORTS =
  'must be https://… or, with a key, ssh://… or user@host:path, such as https://github.com/acme/app; no other transport is allowed';

function problemOfCommand(text: string): string | undefined {
  if (/^git clone\b/i.test(text)) return 'must be the address alone, without "git clone" and its options';
  if (/^(?:gh|glab|tea|hub)\s/.test(text))
    return 'must be the address alone, as https://host/owner/repository, without a command';
  if (/^["'`<]|["'`>]$/.test(text)) return 'must be the address alone, without quotation marks and brackets';
  return undefined;
}

/** The WHATWG parser removes tabs and newlines instead of refusing them, and encodes other characters. */
function problemOfCharacters(text: string): string | undefined {
  if (/\s/.test(text)) return 'must hold no blank and no line break; in a path write a blank as %20';
  if (/^[A-Z]:\\|^\\\\/i.test(text)) return REFUSED_SCHEMES.file;
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text))
    return 'must be a URL without backslashes and without special characters; in a path write them percent-encoded, as %C3%A9';
  return undefined;
}

function problemOfScheme(text: string): string | undefined {
  if (/^(?:\.{0,2}|~)\//.test(text)) return REFUSED_SCHEMES.file;
  if (NO_SCHEME.test(text)) return `must begin with https://, as https://${text}`;
  if (SHORT.test(text))
    return `must be a whole address, with the scheme and the host, such as https://github.com/${text}`;
  const [, forge = '', repository = ''] = PREFIXED.exec(text) ?? [];
  if (forge) return `must be a whole address: https://${FORGES[forge] ?? ''}/${repository}`;
  const [, host, path] = SCP_WITHOUT_USER.exec(text) ?? [];
  if (host && path) return `must name the user: git@${host}:${path}, or https://${host}/${path}`;
  const [, userAndHost, rest] = SCP_WITH_SLASH.exec(text) ?? [];
  if (userAndHost && rest) return `must have a colon after the host: ${userAndHost}:${rest}`;
  const codecommit = CODECOMMIT.exec(text);
  if (codecommit)
    return `must be the HTTPS address: https://git-codecommit.${codecommit[1] ?? 'REGION'}.amazonaws.com/v1/repos/${codecommit[2] ?? ''}`;
  if (/^[^@/:]+@/.test(text)) return undefined; // user@host:path
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (scheme === 'https' || scheme === 'ssh') return undefined;
  if (scheme === 'git+https' || scheme === 'git+ssh') return `must begin with ${scheme.slice(4)}://, without git+`;
  if (scheme === 'vscode' || scheme === 'x-github-client')
    return 'must be the address of the repository, as https://host/owner/repository, not a link for a program';
  if (scheme === '' && /^[a-z0-9]/i.test(text)) return 'must begin with https://, as https://host/owner/repository';
  return REFUSED_SCHEMES[scheme] ?? TRANSPORTS;
}

/** The WHATWG parser takes the first part of a path for a missing host. */
function problemOfHost(text: string): string | undefined {
  const scheme = /^(https|ssh):/i.exec(text)?.[1]?.toLowerCase();
  return scheme !== undefined && !/^[a-z]+:\/\/[^/]/i.test(text) ? `must name a host after ${scheme}://` : undefined;
}

/** `https://host:owner/repository`: a mixture of the two forms, which often holds a user name as well. */
function problemOfPort(text: string): string | undefined {
  return /^(?:https|ssh):\/\/(?:[^/@:]+@)?[^/@:[\]]+:(?!\d{0,5}(?:[/?#]|$))[^@/]*\//i.test(text)
    ? 'must have a slash after the host, as https://host/owner/repository; a port is a number'
    : undefined;
}
