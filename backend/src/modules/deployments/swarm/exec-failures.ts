import { Injectable } from '@nestjs/common';
import { ContainerFiles, type FirstEntry } from '#src/integrations/docker/container-files.js';
import { execAdvice, failedProgram, PROGRAM_FOLDERS } from '#src/modules/deployments/domain/exec-failure.js';

const FILE_CAPABILITY = 'SCHILY.xattr.security.capability';

/** Explains why a program of a container could not be started, from its file in the ended container. */
@Injectable()
export class ExecFailures {
  constructor(private readonly files: ContainerFiles) {}

  /** Undefined when no line says so, the file explains nothing, or the container is unknown. */
  async advice(containerId: string | undefined, lines: string[]): Promise<string | undefined> {
    const failed = lines.map(failedProgram).find((found) => found !== undefined);
    if (containerId === undefined || failed === undefined) return undefined;
    const entry = await this.find(containerId, failed.program);
    const attributes: object = entry?.header.pax ?? {};
    const attribute = new Map<string, unknown>(Object.entries(attributes)).get(FILE_CAPABILITY);
    return execAdvice(failed, {
      head: entry?.head,
      ...(typeof attribute === 'string' && { fileCapability: bytesOf(attribute) }),
    });
  }

  private async find(containerId: string, program: string): Promise<FirstEntry | undefined> {
    const paths = program.includes('/') ? [program] : PROGRAM_FOLDERS.map((folder) => `${folder}/${program}`);
    for (const path of paths) {
      const entry = await this.files.first(containerId, path);
      if (entry) return this.target(containerId, path, entry);
    }
    return undefined;
  }

  /** The file that a link leads to, one step far. */
  private async target(containerId: string, path: string, entry: FirstEntry): Promise<FirstEntry | undefined> {
    const { type, linkname } = entry.header;
    if (type !== 'symlink' || !linkname) return entry;
    return this.files.first(containerId, new URL(linkname, `file://${path}`).pathname);
  }
}

/** The archive's reader decodes the value as UTF-8: a byte with the highest bit alone comes as a replacement. */
function bytesOf(attribute: string): Buffer {
  return Buffer.from(attribute.replaceAll('\ufffd', '\u0080'), 'latin1');
}
