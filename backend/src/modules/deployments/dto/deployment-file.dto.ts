import type { ReleaseFile } from '#src/modules/deployments/domain/release-file.js';

export class DeploymentFileDto {
  path: string;
  mode: string;
  uid: number;
  gid: number;
  secret: boolean;
  sizeBytes: number;
  /** SHA-256 of the content, hexadecimal; null for a secret. */
  sha256: string | null;

  static from({ path, mode, uid, gid, secret, sizeBytes, sha256 }: ReleaseFile): DeploymentFileDto {
    return { path, mode, uid, gid, secret, sizeBytes, sha256 };
  }
}
