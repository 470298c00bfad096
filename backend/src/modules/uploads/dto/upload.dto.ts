import { ApiProperty } from '@nestjs/swagger';

export class UploadDto {
  uploadId: string;
  /** SHA-256 of the body as sent, hexadecimal. */
  sha256: string;
  @ApiProperty({ type: Number, example: 20_480 })
  sizeBytes: number;
  /** Deployments can use the upload until this time. */
  expiresAt: Date;
}
