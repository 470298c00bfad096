import { createHash, createHmac } from 'node:crypto';
import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { NewFile, ReleaseFile } from './release-file.js';

/** Context in which the content of a file is sealed. */
export function contentContext(environmentId: string, contentId: string): string {
  return `file/${environmentId}/${contentId}`;
}

/**
 * The columns of files, and their contents by id. Equal contents have equal ids, which tell nothing without the key. A
 * secret has an id of its own, so that no config with the same content stays beside it.
 */
export function identified(
  files: NewFile[],
  secrets: SecretBox,
): { files: ReleaseFile[]; contents: Map<string, Buffer> } {
  const key = secrets.subkey('file-contents');
  const contents = new Map<string, Buffer>();
  const stored = files.map(({ content, ...options }) => {
    const contentId = createHmac('sha256', key)
      .update(options.secret ? 'secret:' : 'config:')
      .update(content)
      .digest('hex')
      .slice(0, 40);
    contents.set(contentId, content);
    const sha256 = options.secret ? null : createHash('sha256').update(content).digest('hex');
    return { ...options, sizeBytes: content.length, sha256, contentId };
  });
  return { files: stored, contents };
}
