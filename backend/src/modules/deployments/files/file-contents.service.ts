import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { contentContext } from '#src/modules/deployments/domain/content-id.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import type { FileContents, FilesToStore, ReleaseFile } from '#src/modules/deployments/domain/release-file.js';
import { FileContentsRepository } from '#src/modules/deployments/repositories/file-contents.repository.js';

type Owned = { id: string; userId: string };

const MIB = 1024 * 1024;

/** Contents of files, encrypted at rest and stored once per environment. */
@Injectable()
export class FileContentsService {
  constructor(
    private readonly repository: FileContentsRepository,
    private readonly secrets: SecretBox,
    private readonly config: Config,
  ) {}

  /**
   * Stores what is not stored yet, in the transaction that creates the release. Throws when a release that is repeated
   * is too old to have its contents, and RESOURCE_QUOTA_EXCEEDED.
   */
  async store(db: Db, environment: Owned, { files, contents }: FilesToStore): Promise<void> {
    const byId = new Map(files.map((file) => [file.contentId, file]));
    if (byId.size === 0) return;
    const stored = await this.repository.reuse(db, environment.id, [...byId.keys()]);
    const missing = [...byId.values()].filter(({ contentId }) => !stored.has(contentId));
    if (missing.length === 0) return;
    await this.refuseAboveQuota(db, environment.userId, missing);
    for (const file of missing) {
      const content = contents?.get(file.contentId);
      if (!content) throw notStored(file);
      const { contentId, sizeBytes } = file;
      const context = contentContext(environment.id, contentId);
      const sealed = this.secrets.seal(content.toString('base64'), context);
      await this.repository.add(db, { environmentId: environment.id, contentId, sizeBytes, sealed });
    }
  }

  /** Every content of a release. Throws when one is not stored any more. */
  async read(db: Db, row: Pick<Deployment, 'environmentId' | 'files'>): Promise<FileContents> {
    const contents = new Map<string, Buffer>();
    for (const file of columnsOf(row).files) contents.set(file.contentId, await this.contentOf(db, row, file));
    return contents;
  }

  async contentOf(db: Db, { environmentId }: { environmentId: string }, file: ReleaseFile): Promise<Buffer> {
    const { contentId } = file;
    const sealed = await this.repository.sealed(db, environmentId, contentId);
    if (sealed === undefined) throw notStored(file);
    return Buffer.from(this.secrets.open(sealed, contentContext(environmentId, contentId)), 'base64');
  }

  private async refuseAboveQuota(db: Db, userId: string, added: ReleaseFile[]): Promise<void> {
    const { filesMbPerUser } = this.config.quota;
    const bytes = added.reduce((sum, { sizeBytes }) => sum + sizeBytes, await this.repository.bytesOf(db, userId));
    if (bytes <= filesMbPerUser * MIB) return;
    throw new DomainError('RESOURCE_QUOTA_EXCEEDED', {
      detail: `With this one the \`files\` of your releases have ${Math.ceil(bytes / MIB)} MiB; the limit of a user is ${filesMbPerUser}.`,
      hint: 'Use a volume, put files into the image, delete deployments and retry 20 minutes later, or ask the operator to raise MAX_FILES_MB_PER_USER.',
    });
  }
}

function notStored({ path }: ReleaseFile): DomainError {
  return new DomainError('DEPLOYMENT_STATUS_CONFLICT', {
    detail: `The content of the file ${path} of this release is no longer stored: the release is too old, or was deleted.`,
    hint: 'Create a deployment with all its files.',
  });
}
