import { SOURCE_COMMIT } from '#src/modules/deployments/domain/build-inputs.js';

/** The line of a generated Dockerfile that copies all sources. */
const COPIES_SOURCES = /^COPY (?:--\S{1,100} )?app\/ \S+$/;

/**
 * Declares the commit in a generated Dockerfile, after the sources are copied: there a new commit has changed the layer
 * anyway, so that the layers before it, such as installed dependencies, stay in the cache.
 */
export function withSourceCommit(text: string): string {
  const lines = text.split('\n');
  return lines.flatMap((line) => (COPIES_SOURCES.test(line) ? [line, `ARG ${SOURCE_COMMIT}`] : [line])).join('\n');
}
