import type { FieldError } from '#src/common/errors/domain-error.js';
import { trimTrailing } from '#src/common/trim-trailing.js';
import type { NewFile } from './domain/release-file.js';
import type { RunOptionsDto } from './dto/create-deployment.dto.js';
import type { FileDto } from './dto/file.dto.js';

/** Swarm takes less than 512,000 bytes. */
const MAX_FILE_BYTES = 500_000;
/** One process reads, encrypts and stores them; so much takes it a fraction of a second. */
const MAX_FILES_BYTES = 4 * 1024 * 1024;
const MAX_COMPONENT_BYTES = 255;
const INSTEAD = 'use a volume, or put the file into the image';
const RESERVED = /^\/(proc|sys|dev|\.berth)(\/|$)/;
/** The Engine makes these files itself. */
const OF_THE_ENGINE = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/sbin/docker-init', '/.dockerenv'];
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DEFAULT_MODE = '0444';

/** The files of a validated body with every default filled in. */
export function filesOf({ files }: Pick<RunOptionsDto, 'files'>): NewFile[] {
  return (files ?? []).map((file) => ({
    path: file.path,
    mode: (file.mode ?? DEFAULT_MODE).padStart(4, '0'),
    uid: file.uid ?? 0,
    gid: file.gid ?? 0,
    secret: file.secret ?? false,
    content: contentOf(file) ?? Buffer.alloc(0),
  }));
}

export function fileErrors({ files, volumes, tmpfs }: RunOptionsDto): FieldError[] {
  if (!files?.length) return [];
  const mounts = [
    ...(volumes ?? []).map(({ name, path }) => ({ what: `the volume ${name}`, path: trimTrailing(path, '/') })),
    ...(tmpfs ?? []).map(({ path }) => ({ what: 'the tmpfs', path: trimTrailing(path, '/') })),
  ];
  const paths = new Set<string>();
  let total = 0;
  return files.flatMap((file, index) => {
    const at = (member: keyof FileDto, message: string | undefined) =>
      message === undefined ? [] : [{ path: `files.${index}.${member}`, message }];
    const content = contentOf(file);
    const before = total;
    total += content?.length ?? 0;
    const place = paths.has(file.path) ? 'is given twice' : (placeFault(file.path) ?? mountFault(file.path, mounts));
    paths.add(file.path);
    const given = file.contentBase64 == null ? 'content' : 'contentBase64';
    return [
      ...at('path', place ?? parentFault(file.path, files)),
      ...at(given, contentFault(file, content)),
      ...at(given, before <= MAX_FILES_BYTES && total > MAX_FILES_BYTES ? totalFault() : undefined),
    ];
  });
}

/** Undefined when there is none, or not exactly one. */
function contentOf({ content, contentBase64 }: FileDto): Buffer | undefined {
  if ((content == null) === (contentBase64 == null)) return undefined;
  return content == null ? Buffer.from(contentBase64 ?? '', 'base64') : Buffer.from(content);
}

function contentFault({ content, contentBase64 }: FileDto, bytes: Buffer | undefined): string | undefined {
  if (!bytes) return content == null ? 'or contentBase64 is required' : 'cannot be combined with content';
  if (contentBase64 != null && !isBase64(contentBase64)) return 'must be base64, with padding';
  if (bytes.length === 0) return 'must not be empty: Swarm mounts no empty file; a line break is enough';
  return bytes.length > MAX_FILE_BYTES ? `must be at most 500 KB (${MAX_FILE_BYTES} bytes): ${INSTEAD}` : undefined;
}

function totalFault(): string {
  return `brings the files above ${MAX_FILES_BYTES / 1024 / 1024} MiB together: ${INSTEAD}`;
}

/** Line breaks are those of the program `base64`. */
function isBase64(text: string): boolean {
  const joined = text.replaceAll('\n', '').replaceAll('\r', '');
  return joined.length % 4 === 0 && BASE64.test(joined);
}

function placeFault(path: string): string | undefined {
  const components = path.split('/').slice(1);
  if (components.some((component) => component === '' || component === '.' || component === '..'))
    return 'must be the plain path of a file: without //, /./, /../ and a / at the end';
  if (components.some((component) => Buffer.byteLength(component) > MAX_COMPONENT_BYTES))
    return `must have names of at most ${MAX_COMPONENT_BYTES} bytes`;
  if (RESERVED.test(path)) return 'must be outside /proc, /sys, /dev and /.berth';
  const mounted = OF_THE_ENGINE.find((one) => one === path || isInside(path, one) || isInside(one, path));
  return mounted && `must be another path: the Docker Engine itself makes the file ${mounted}`;
}

function mountFault(path: string, mounts: { what: string; path: string }[]): string | undefined {
  const mount = mounts.find((one) => one.path === path || isInside(path, one.path) || isInside(one.path, path));
  if (!mount) return undefined;
  // With the path: in a change, the index of a file that stays says nothing to the client.
  if (mount.path === path) return `is ${path}, where ${mount.what} is: choose another path`;
  return isInside(path, mount.path)
    ? `is ${path}, inside ${mount.what} at ${mount.path}: choose a path outside`
    : `is ${path}, a folder: ${mount.what} at ${mount.path} is inside`;
}

function parentFault(path: string, files: FileDto[]): string | undefined {
  const child = files.find((other) => isInside(other.path, path));
  return child && `is a folder: the file ${child.path} is inside`;
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
