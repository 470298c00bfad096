import { ApiProperty } from '@nestjs/swagger';

export class UploadDto {
  uploadId: string;
  /** Of the body as it was sent, hexadecimal. */
  sha256: string;
  @ApiProperty({ type: Number, example: 20_480 })
  sizeBytes: number;
  /** Deployments can be made from it until then. */
  expiresAt: Date;
}
