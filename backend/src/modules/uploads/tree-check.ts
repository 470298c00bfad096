import path from 'node:path';
import type { Header } from 'tar-stream';
import { safeText } from '#src/common/safe-text.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { decodeName } from './file-name.js';
import { leadsOut, modeOf, type TreeEntry } from './tree-entry.js';

export const MAX_ENTRIES = 100_000;
const MAX_PATH_BYTES = 1024;
const MAX_PART_BYTES = 255;
/** All names stay in memory while an archive is read. */
const MAX_TOTAL_NAME_BYTES = 16 * 2 ** 20;
const SHOWN_CHARACTERS = 200;
const KINDS: Partial<Record<string, TreeEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
};

/**
 * Validates entry by entry that an archive is a plain tree: relative names, no duplicate entry, no entry below one that
 * is not a folder, no link that leads out, no devices. Its only state is the names it has seen.
 */
export class TreeCheck {
  private readonly seen = new Map<string, TreeEntry['kind']>();
  private headers = 0;
  private nameBytes = 0;

  /** Undefined for entries to skip: the root and `.git` folders. Throws UPLOAD_INVALID and PAYLOAD_TOO_LARGE. */
  validate({ name: written, type, size, mode, linkname: link, pax }: Header): TreeEntry | undefined {
    if (++this.headers > MAX_ENTRIES) throw tooMany();
    // tar-stream decodes the names of extended headers itself, and all others as latin1.
    const extended = (pax ?? {}) as Partial<Record<string, string>>;
    const raw = extended['path'] ? written : decodeName(Buffer.from(written, 'latin1'));
    const linkname = extended['linkpath'] ? link : decodeName(Buffer.from(link ?? '', 'latin1'));
    const name = this.nameOf(raw);
    if (name === '') return undefined;
    const kind = KINDS[type ?? ''];
    if (type === 'link') throw invalid(raw, 'is a hard link. Pack with tar --hard-dereference.');
    if (kind === undefined)
      throw invalid(raw, `is neither a file, a folder nor a symbolic link (${type ?? 'unknown'}).`);
    if (Object.keys(extended).some((key) => key.startsWith('GNU.sparse'))) throw invalid(raw, 'is a sparse file.');
    const target = kind === 'symlink' ? (linkname ?? '') : '';
    if (kind === 'symlink' && (target === '' || target.includes('\0') || leadsOut(name, target)))
      throw invalid(raw, `is a symbolic link that leads out of the folder (to ${shown(target)}).`);
    this.register(raw, name, kind);
    if (name.split('/').includes('.git')) return undefined;
    return {
      name,
      kind,
      size: kind === 'file' ? size : 0,
      mode: kind === 'file' ? modeOf(mode) : kind === 'symlink' ? 0o777 : 0o755,
      target,
    };
  }

  private nameOf(raw: string): string {
    const bytes = Buffer.byteLength(raw);
    this.nameBytes += bytes;
    if (bytes > MAX_PATH_BYTES) throw invalid(raw, `has a name of more than ${MAX_PATH_BYTES} bytes.`);
    if (this.nameBytes > MAX_TOTAL_NAME_BYTES) throw tooMany();
    if (raw.includes('\0')) throw invalid(raw, 'has NUL in its name.');
    if (path.posix.isAbsolute(raw)) throw invalid(raw, 'has an absolute name.');
    const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw invalid(raw, 'has .. in its name.');
    if (parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES))
      throw invalid(raw, `has a part of more than ${MAX_PART_BYTES} bytes in its name.`);
    return parts.join('/');
  }

  private register(raw: string, name: string, kind: TreeEntry['kind']): void {
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
      const folder = name.slice(0, at);
      const known = this.seen.get(folder);
      if (known === undefined) this.seen.set(folder, 'directory');
      else if (known !== 'directory') throw invalid(raw, `lies below ${shown(folder)}, which is no folder.`);
    }
    const known = this.seen.get(name);
    if (known !== undefined && (known !== 'directory' || kind !== 'directory')) throw invalid(raw, 'is there twice.');
    this.seen.set(name, kind);
    if (this.seen.size > MAX_ENTRIES) throw tooMany();
  }
}

function tooMany(): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', {
    detail: `The archive has more than ${MAX_ENTRIES} entries, or names longer than ${MAX_TOTAL_NAME_BYTES / 2 ** 20} MiB in total.`,
    hint: 'Exclude files with .dockerignore.',
  });
}

function invalid(name: string, problem: string): DomainError {
  return new DomainError('UPLOAD_INVALID', { detail: `The entry ${shown(name)} ${problem}` });
}

function shown(name: string): string {
  const text = safeText(name, { maxLength: SHOWN_CHARACTERS });
  return name.length > SHOWN_CHARACTERS ? `${text}…` : text;
}
