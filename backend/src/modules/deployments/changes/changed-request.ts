import type { FieldError } from '#src/common/errors/domain-error.js';
import { isJsonObject, type JsonObject, mergePatch } from '#src/common/merge-patch.js';
import { fieldsOf } from '#src/common/validation.pipe.js';
import type { DeploymentSource } from '#src/generated/prisma/client.js';
import { parseGitUrl } from '#src/integrations/git/git-url.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import { RunOptionsDto } from '#src/modules/deployments/dto/create-deployment.dto.js';
import { mergedFiles } from './merged-files.js';
import { REQUESTS, type StoredRequest } from './stored-request.js';

const SOURCE_NAMES: Record<DeploymentSource, string> = { IMAGE: 'an image', GIT: 'Git', UPLOAD: 'an upload' };
/** Credentials may be replaced for later releases while the image is kept. */
const CREDENTIALS = ['registryAuth', 'gitAuth'];
/** Fields that choose whose files a build reads. */
const BUILD_ORIGINS = ['baseImage', 'gitUrl', 'uploadId'];
/** Giving the first replaces what is stored of the others: they said more exactly what the first said. */
const REPLACES: Record<string, string[]> = { image: ['tag'], branch: ['commit'], gitUrl: ['commit'] };
/** Of these members an object has those of one line: giving one replaces what is stored of the other lines. */
const ALTERNATIVES: Record<string, string[][]> = {
  healthCheck: [['path', 'port', 'host'], ['tcpPort'], ['command'], ['disabled']],
  gitAuth: [['token', 'username'], ['sshKey']],
};

/** Merges the patch into the request of a release (RFC 7396); files merge by path. */
export function changedRequest(request: StoredRequest, patch: JsonObject): JsonObject {
  const stored = new Map(Object.entries({ ...request.shown, ...request.secret }));
  for (const name of Object.keys(patch)) for (const other of REPLACES[name] ?? []) stored.delete(other);
  if (typeof patch['tag'] === 'string') stored.set('image', withoutDigest(stored.get('image')));
  for (const [name, lines] of Object.entries(ALTERNATIVES))
    stored.set(name, withoutAlternatives(stored.get(name), patch[name], lines));
  for (const name of leakedCredentials(request, patch)) stored.delete(name);
  const present = [...stored].filter(([, value]) => value !== undefined);
  const files = 'files' in patch && { files: mergedFiles(stored.get('files'), patch['files']) };
  return mergePatch(Object.fromEntries(present), { ...patch, ...files });
}

/**
 * True when the release keeps the image: as asked for, else when the patch changes only how the image is run. Variables
 * that the build gets, too, are part of the image.
 */
export function keepsImage({ shown }: StoredRequest, patch: JsonObject, asked: boolean | undefined): boolean {
  const names = Object.keys(patch);
  const changesBuild = sourceFieldsIn(patch).length > 0 || (shown['buildEnvVars'] === true && 'envVars' in patch);
  return asked ?? (names.length > 0 && !changesBuild);
}

/** Finds the fields that this release does not have, that contradict `keepImage`, or that need credentials again. */
export function changeErrors(
  source: DeploymentSource,
  stored: StoredRequest,
  patch: JsonObject,
  asked: boolean | undefined,
): FieldError[] {
  const known = fieldsOf(REQUESTS[source]);
  const unknown = Object.keys(patch)
    .filter((name) => !known.has(name))
    .map((path) => ({ path, message: `is not a field of a deployment from ${SOURCE_NAMES[source]}` }));
  const contradicting = sourceFieldsIn(patch)
    .filter((name) => asked === true && known.has(name) && !CREDENTIALS.includes(name))
    .map((path) => ({ path, message: 'cannot be combined with keepImage' }));
  const missing = leakedCredentials(stored, patch)
    .filter((name) => patch[name] === undefined)
    .map((path) => ({
      path,
      message: 'must be given again, or null for none: the stored credentials are those of another host',
    }));
  return [...unknown, ...contradicting, ...missing];
}

function sourceFieldsIn(patch: JsonObject): string[] {
  const runFields = fieldsOf(RunOptionsDto);
  return Object.keys(patch).filter((name) => !runFields.has(name));
}

/** Names of the stored credentials that the patch would send to another host than they were given for. */
function leakedCredentials({ shown, secret }: StoredRequest, patch: JsonObject): string[] {
  const moved = {
    registryAuth: hostMoves(shown['image'], patch['image'], registryOf) || registryMoves(secret['registryAuth'], patch),
    gitAuth: hostMoves(shown['gitUrl'], patch['gitUrl'], gitHostOf),
  };
  return CREDENTIALS.filter((name) => secret[name] !== undefined && moved[name as keyof typeof moved]);
}

function hostMoves(from: unknown, to: unknown, hostOf: (text: string) => string | undefined): boolean {
  const host = typeof to === 'string' ? hostOf(to) : undefined;
  return host !== undefined && host !== hostOf(String(from));
}

/** Credentials may name their registry. Without a name, the files of a build decide which registry gets them. */
function registryMoves(stored: unknown, patch: JsonObject): boolean {
  if (!isJsonObject(stored)) return false;
  const given = patch['registryAuth'];
  if (isJsonObject(given) && 'registry' in given && (given['registry'] ?? undefined) !== stored['registry'])
    return true;
  return stored['registry'] === undefined && BUILD_ORIGINS.some((name) => typeof patch[name] === 'string');
}

function registryOf(image: string): string | undefined {
  return parseImageReference(image)?.registry;
}

function gitHostOf(text: string): string | undefined {
  const url = parseGitUrl(text);
  return url.ok ? `${url.value.protocol}://${url.value.host}:${url.value.port}` : undefined;
}

function withoutDigest(image: unknown): unknown {
  return (typeof image === 'string' && parseImageReference(image)?.repository) || image;
}

function withoutAlternatives(stored: unknown, patch: unknown, lines: string[][]): unknown {
  if (!isJsonObject(stored) || !isJsonObject(patch)) return stored;
  const chosen = lines.find((names) => names.some((name) => patch[name] != null && patch[name] !== false));
  if (!chosen) return stored;
  const others = lines.filter((names) => names !== chosen).flat();
  return Object.fromEntries(Object.entries(stored).filter(([name]) => !others.includes(name)));
}
