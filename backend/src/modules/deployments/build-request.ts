import path from 'node:path';
import type { FieldError } from '#src/common/errors/domain-error.js';
import type { BuildOptionsDto } from './dto/build-options.dto.js';
import { type BuildRegistryAuth } from './domain/build-inputs.js';
import { parseImageReference, referenceFault, registryOf } from './domain/image-reference.js';
import { namedStringErrors } from './run-options.js';
import type { BuildOptions, SourceKind } from './domain/build-options.js';

/** Build fields of a validated body. */
export interface BuildRequest {
  options: BuildOptions;
  buildArgs: Record<string, string>;
  buildSecrets: Record<string, string>;
  registryAuth: BuildRegistryAuth | undefined;
}

/** BuildKit reads these as settings, and Berth sets some of them itself. */
const RESERVED_ARG = /^BUILDKIT_/;
const MAX_BUILD_ARGS = 100;
/** The Engine receives build arguments in a URL, of at most 1 MiB when each byte takes three. */
const MAX_ARGUMENTS_BYTES = 256 * 1024;
const SECRET_ID = /^\w[\w.-]{0,63}$/;
const MAX_SECRETS = 20;
const MAX_SECRETS_BYTES = 256 * 1024;

/** Parses a validated body. Returns every invalid field, or the request. */
export function readBuildRequest(
  body: BuildOptionsDto,
  origin: SourceKind,
): { errors: FieldError[]; request?: BuildRequest } {
  const buildContext = relativePath(body.buildContext ?? '.');
  const dockerfile = body.dockerfile == null ? null : relativePath(body.dockerfile);
  const errors = [
    ...pathErrors({ buildContext, dockerfile }, origin),
    ...(body.baseImage != null && !parseImageReference(body.baseImage)
      ? [{ path: 'baseImage', message: referenceFault(body.baseImage, 'node:22-slim') }]
      : []),
    ...argErrors(body.buildArgs ?? {}),
    ...variableErrors(body),
    ...secretErrors(body.buildSecrets ?? {}),
    ...registryErrors(body),
  ];
  if (errors.length > 0 || buildContext === undefined || dockerfile === undefined) return { errors };
  const options = {
    buildContext,
    dockerfile,
    baseImage: body.baseImage ?? null,
    installCommand: body.installCommand ?? null,
    buildCommand: body.buildCommand ?? null,
    startCommand: body.startCommand ?? null,
    target: body.target ?? null,
    buildEnvVars: body.buildEnvVars ?? false,
  };
  const { buildArgs = {}, buildSecrets = {} } = body;
  return { errors, request: { options, buildArgs, buildSecrets, registryAuth: registryAuthOf(body) } };
}

function pathErrors(
  paths: Record<'buildContext' | 'dockerfile', string | null | undefined>,
  origin: SourceKind,
): FieldError[] {
  return Object.entries(paths).flatMap(([field, value]) =>
    value === undefined
      ? [{ path: field, message: `must be a relative path inside the ${origin}, without parts that begin with -` }]
      : [],
  );
}

/** Normalizes a path; undefined for one that leaves the root, enters `.git`, or could be read as an option. */
function relativePath(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- rejects control characters
  if (text === '' || /[\u0000-\u001f\u007f\\]/.test(text) || path.posix.isAbsolute(text)) return undefined;
  const parts = text.split('/');
  if (parts.some((part) => part === '..' || part === '.git' || part.startsWith('-'))) return undefined;
  return path.posix.normalize(text).replace(/\/$/, '');
}

function argErrors(buildArgs: Record<string, string>): FieldError[] {
  const reserved = Object.keys(buildArgs)
    .filter((name) => RESERVED_ARG.test(name))
    .map((name) => ({ path: `buildArgs.${name.slice(0, 100)}`, message: 'is reserved for BuildKit' }));
  return [...namedStringErrors('buildArgs', buildArgs, MAX_BUILD_ARGS), ...reserved];
}

function variableErrors({ buildEnvVars, envVars, buildArgs }: BuildOptionsDto): FieldError[] {
  const bytes = Buffer.byteLength(JSON.stringify({ ...envVars, ...buildArgs }));
  return buildEnvVars && bytes > MAX_ARGUMENTS_BYTES
    ? [{ path: 'buildEnvVars', message: 'must be false: envVars and buildArgs have more than 256 KiB together' }]
    : [];
}

function secretErrors(buildSecrets: Record<string, unknown>): FieldError[] {
  const entries = Object.entries(buildSecrets);
  if (entries.length > MAX_SECRETS) return [{ path: 'buildSecrets', message: `must have at most ${MAX_SECRETS} ids` }];
  if (Buffer.byteLength(JSON.stringify(buildSecrets)) > MAX_SECRETS_BYTES)
    return [{ path: 'buildSecrets', message: 'must have at most 256 KiB together' }];
  return entries.flatMap(([id, value]) => {
    const path = `buildSecrets.${id.slice(0, 100)}`;
    if (!SECRET_ID.test(id))
      return [
        { path, message: 'must have an id of at most 64 letters, digits, _, . and -, as in --mount=type=secret,id=' },
      ];
    return typeof value === 'string' ? [] : [{ path, message: 'must be a string' }];
  });
}

function registryErrors({ registryAuth }: BuildOptionsDto): FieldError[] {
  const { registry } = registryAuth ?? {};
  return registry == null || registryOf(registry) !== undefined
    ? []
    : [{ path: 'registryAuth.registry', message: 'must be a host such as ghcr.io, without https:// and a path' }];
}

function registryAuthOf({ registryAuth }: BuildOptionsDto): BuildRegistryAuth | undefined {
  if (!registryAuth) return undefined;
  const { username, password, registry } = registryAuth;
  return { username, password, ...(registry != null && { registry: registryOf(registry) }) };
}
