import { isIP } from 'node:net';
import type { FieldError } from '#src/common/errors/domain-error.js';
import { isRefName } from '#src/integrations/git/git-ref.js';
import type { GitAuth } from '#src/integrations/git/git-source.js';
import { type GitUrl, parseGitUrl } from '#src/integrations/git/git-url.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { GitOptions } from './domain/build-options.js';
import { type BuildRequest, readBuildRequest } from './build-request.js';

/** Git and build fields of a validated body. */
export interface GitRequest extends BuildRequest {
  url: GitUrl;
  auth: GitAuth | undefined;
  options: GitOptions;
}

const LOOPBACK = '127.0.0.1';
const LOOPBACK_NAMES = new Set(['localhost', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback']);
const NOT_PUBLIC = 'must name a public host';

export interface GitRequestRules {
  /** true when cloning from this address is allowed */
  allows: (host: string, address: string) => boolean;
}

/** Parses a validated body. Returns every invalid field, or the request. */
export function readGitRequest(
  body: CreateGitDeploymentDto,
  rules: GitRequestRules,
): { errors: FieldError[]; request?: GitRequest } {
  const url = parseGitUrl(body.gitUrl);
  const build = readBuildRequest(body, 'repository');
  const errors = [
    ...urlErrors(url, rules),
    ...authErrors(body, url.ok ? url.value : undefined),
    ...branchErrors(body),
    ...build.errors,
  ];
  if (errors.length > 0 || !url.ok || !build.request) return { errors };
  const git = {
    // HEAD is the default branch.
    ref: body.branch === 'HEAD' ? null : (body.branch ?? null),
    commit: body.commit?.toLowerCase() ?? null,
    submodules: body.submodules ?? false,
  };
  const options = { ...git, ...build.request.options };
  return { errors, request: { ...build.request, url: url.value, auth: authOf(body, url.username), options } };
}

function branchErrors({ branch }: CreateGitDeploymentDto): FieldError[] {
  if (branch == null || isRefName(branch)) return [];
  const message = 'must be the name of a branch or a tag, such as main or refs/tags/v1';
  return [{ path: 'branch', message }];
}

function urlErrors(url: ReturnType<typeof parseGitUrl>, { allows }: GitRequestRules): FieldError[] {
  if (!url.ok) return [{ path: 'gitUrl', message: url.problem }];
  const { host } = url.value;
  const address = isLoopbackName(host) ? LOOPBACK : host;
  return isIP(address) && !allows(host, address) ? [{ path: 'gitUrl', message: NOT_PUBLIC }] : [];
}

/** Names that every resolver keeps to itself: RFC 6761, 6.3, and those of Debian's /etc/hosts. */
function isLoopbackName(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || host.endsWith('.localhost');
}

function authErrors({ gitAuth }: CreateGitDeploymentDto, url: GitUrl | undefined): FieldError[] {
  const { token, sshKey } = gitAuth ?? {};
  if (token != null && sshKey != null) return [{ path: 'gitAuth.sshKey', message: 'cannot be combined with token' }];
  if (gitAuth && token == null && sshKey == null) return [{ path: 'gitAuth.token', message: 'or sshKey is required' }];
  if (url?.protocol === 'https' && sshKey != null)
    return [{ path: 'gitAuth.sshKey', message: 'is only valid with an ssh URL; use token with https' }];
  if (url?.protocol === 'ssh' && sshKey == null)
    return [
      {
        path: 'gitAuth.sshKey',
        message: 'is required with an ssh URL; a public repository needs no key by its https:// address',
      },
    ];
  return [];
}

/** OpenSSH requires LF line endings and a final newline. */
function authOf({ gitAuth }: CreateGitDeploymentDto, usernameOfUrl: string | undefined): GitAuth | undefined {
  if (gitAuth?.sshKey != null) return { sshKey: `${gitAuth.sshKey.replaceAll('\r\n', '\n').trim()}\n` };
  return gitAuth?.token == null ? undefined : { token: gitAuth.token, username: gitAuth.username ?? usernameOfUrl };
}
