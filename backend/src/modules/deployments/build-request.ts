import path from 'node:path';
import type { FieldError } from '#src/common/errors/domain-error.js';
import type { BuildOptionsDto } from './dto/build-options.dto.js';
import { parseImageReference, referenceFault } from './domain/image-reference.js';
import { namedStringErrors } from './run-options.js';
import type { BuildOptions, SourceKind } from './domain/build-options.js';

/** Build fields of a validated body. */
export interface BuildRequest {
  options: BuildOptions;
  buildArgs: Record<string, string>;
}

/** BuildKit reads these as settings, and Berth sets some of them itself. */
const RESERVED_ARG = /^BUILDKIT_/;
const MAX_BUILD_ARGS = 100;

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
  ];
  if (errors.length > 0 || buildContext === undefined || dockerfile === undefined) return { errors };
  const options = {
    buildContext,
    dockerfile,
    baseImage: body.baseImage ?? null,
    installCommand: body.installCommand ?? null,
    buildCommand: body.buildCommand ?? null,
    startCommand: body.startCommand ?? null,
  };
  return { errors, request: { options, buildArgs: body.buildArgs ?? {} } };
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
