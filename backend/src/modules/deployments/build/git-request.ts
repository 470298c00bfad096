import { isIP } from 'node:net';
import path from 'node:path';
import type { FieldError } from '../../../common/errors/domain-error.js';
import { isRefName, shortRef } from '../../../integrations/git/git-ref.js';
import type { GitAuth } from '../../../integrations/git/git-source.js';
import { type GitUrl, parseGitUrl } from '../../../integrations/git/git-url.js';
import type { CreateGitDeploymentDto } from '../dto/create-git-deployment.dto.js';
import { parseImageReference } from '../release/image-reference.js';
import { namedStringErrors } from '../release/run-options.js';
import type { BuildOptions } from './build-options.js';

/** What a validated body means, apart from how it runs. */
export interface GitRequest {
  url: GitUrl;
  auth: GitAuth | undefined;
  options: BuildOptions;
  buildArgs: Record<string, string>;
}

/** BuildKit takes instructions by these, and we give it some of ours. */
const RESERVED_ARG = /^BUILDKIT_/;
const MAX_BUILD_ARGS = 100;

export interface GitRequestRules {
  /** may this address be cloned from? */
  allows: (host: string, address: string) => boolean;
}

/** Every wrong field, or what the body means. */
export function readGitRequest(
  body: CreateGitDeploymentDto,
  rules: GitRequestRules,
): { errors: FieldError[]; request?: GitRequest } {
  const url = parseGitUrl(body.gitUrl);
  const buildContext = relativePath(body.buildContext ?? '.');
  const dockerfile = body.dockerfile == null ? null : relativePath(body.dockerfile);
  const errors = [
    ...urlErrors(url, rules),
    ...authErrors(body, url.ok ? url.value : undefined),
    ...pathErrors({ buildContext, dockerfile }),
    ...(body.branch != null && !isRefName(shortRef(body.branch))
      ? [{ path: 'branch', message: 'must be the name of a branch or a tag' }]
      : []),
    ...(body.baseImage != null && !parseImageReference(body.baseImage)
      ? [{ path: 'baseImage', message: 'must be a registry reference such as node:22-slim' }]
      : []),
    ...argErrors(body.buildArgs ?? {}),
  ];
  if (errors.length > 0 || !url.ok || buildContext === undefined || dockerfile === undefined) return { errors };
  return {
    errors,
    request: {
      url: url.value,
      auth: authOf(body),
      options: optionsOf(body, buildContext, dockerfile),
      buildArgs: body.buildArgs ?? {},
    },
  };
}

function optionsOf(body: CreateGitDeploymentDto, buildContext: string, dockerfile: string | null): BuildOptions {
  return {
    ref: body.branch == null ? null : shortRef(body.branch),
    commit: body.commit?.toLowerCase() ?? null,
    submodules: body.submodules ?? false,
    buildContext,
    dockerfile,
    baseImage: body.baseImage ?? null,
    installCommand: body.installCommand ?? null,
    buildCommand: body.buildCommand ?? null,
    startCommand: body.startCommand ?? null,
  };
}

function urlErrors(url: ReturnType<typeof parseGitUrl>, { allows }: GitRequestRules): FieldError[] {
  if (!url.ok) return [{ path: 'gitUrl', message: url.problem }];
  const { host } = url.value;
  return isIP(host) && !allows(host, host) ? [{ path: 'gitUrl', message: 'must name a public host' }] : [];
}

function authErrors({ gitAuth }: CreateGitDeploymentDto, url: GitUrl | undefined): FieldError[] {
  const { token, sshKey } = gitAuth ?? {};
  if (token != null && sshKey != null) return [{ path: 'gitAuth.sshKey', message: 'cannot be combined with token' }];
  if (gitAuth && token == null && sshKey == null) return [{ path: 'gitAuth.token', message: 'is required, or sshKey' }];
  if (url?.protocol === 'https' && sshKey != null)
    return [{ path: 'gitAuth.sshKey', message: 'goes with an ssh URL; https takes a token' }];
  if (url?.protocol === 'ssh' && sshKey == null)
    return [{ path: 'gitAuth.sshKey', message: 'is required with an ssh URL' }];
  return [];
}

/** OpenSSH wants plain newlines, and one at the end. */
function authOf({ gitAuth }: CreateGitDeploymentDto): GitAuth | undefined {
  if (gitAuth?.sshKey != null) return { sshKey: `${gitAuth.sshKey.replaceAll('\r\n', '\n').trim()}\n` };
  return gitAuth?.token == null ? undefined : { token: gitAuth.token, username: gitAuth.username ?? undefined };
}

function pathErrors(paths: Record<'buildContext' | 'dockerfile', string | null | undefined>): FieldError[] {
  return Object.entries(paths).flatMap(([field, value]) =>
    value === undefined ? [{ path: field, message: 'must be a relative path inside the repository' }] : [],
  );
}

/** Normalised; undefined for what leads out, or into git's own folder. */
function relativePath(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- control characters are what it refuses
  if (text === '' || /[\u0000-\u001f\u007f\\]/.test(text) || path.posix.isAbsolute(text)) return undefined;
  const parts = text.split('/');
  if (parts.includes('..') || parts.includes('.git')) return undefined;
  return path.posix.normalize(text).replace(/\/$/, '');
}

function argErrors(buildArgs: Record<string, string>): FieldError[] {
  const reserved = Object.keys(buildArgs)
    .filter((name) => RESERVED_ARG.test(name))
    .map((name) => ({ path: `buildArgs.${name.slice(0, 100)}`, message: 'is reserved' }));
  return [...namedStringErrors('buildArgs', buildArgs, MAX_BUILD_ARGS), ...reserved];
}
