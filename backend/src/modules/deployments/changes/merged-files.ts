import { isJsonObject, type JsonObject, omit } from '#src/common/merge-patch.js';

/**
 * Merges files by path: what is given of a file replaces that member, and `content: null` removes the file. Given files
 * come first, so that an error has their index. A path that is given twice stays twice: the validation names it.
 */
export function mergedFiles(stored: unknown, given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  const files = new Map(objectsIn(stored).map((file) => [file['path'], file]));
  const changed: unknown[] = given.filter(isKept).map((file: unknown) => {
    if (!isJsonObject(file)) return file;
    const earlier = files.get(file['path']);
    return earlier ? { ...withoutReplaced(earlier, file), ...file } : file;
  });
  const named = new Set(objectsIn(given).map(({ path }) => path));
  return [...changed, ...[...files.values()].filter(({ path }) => !named.has(path))];
}

/** Files by path, each as one text: a difference names the file. */
export function filesByPath(files: unknown): JsonObject | undefined {
  if (!Array.isArray(files)) return undefined;
  return Object.fromEntries(objectsIn(files).map((file) => [String(file['path']), textOf(file)]));
}

/** As text: the same content may be given as `content` or as `contentBase64`. */
function textOf({ content, contentBase64, mode = '0444', uid = 0, gid = 0, secret = false }: JsonObject): string {
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(String(contentBase64), 'base64');
  return JSON.stringify([bytes.toString('base64'), String(mode).padStart(4, '0'), uid, gid, secret]);
}

function isKept(file: unknown): boolean {
  return !isJsonObject(file) || file['content'] !== null;
}

/** Giving one form of the content replaces the other. */
function withoutReplaced(earlier: JsonObject, given: JsonObject): JsonObject {
  return 'content' in given || 'contentBase64' in given ? omit(earlier, 'content', 'contentBase64') : earlier;
}

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
