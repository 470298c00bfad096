import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { UploadDto } from './dto/upload.dto.js';
import { ArchiveType } from './archive-type.js';
import { UploadReceiver } from './upload-receiver.js';

@ApiTags('deployments')
@Controller('uploads')
export class UploadsController {
  constructor(private readonly receiver: UploadReceiver) {}

  @Post()
  @Operation({
    id: 'createUpload',
    summary: 'Upload a folder for POST /deployments/from-upload',
    description:
      'The body is a tar archive, optionally compressed with gzip, of at most UPLOAD_MAX_MB. It may contain files, folders, and symbolic links inside the folder. An upload expires after an hour. A user may have five; a new upload then replaces the oldest that was deployed.',
    response: UploadDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'upload',
    idempotent: true,
    errors: [
      'UPLOAD_INVALID',
      'UPLOAD_TOO_SLOW',
      'UPLOAD_QUOTA_EXCEEDED',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  })
  @ApiConsumes('application/x-tar', 'application/gzip')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async create(
    @CurrentCaller() caller: Caller,
    @ArchiveType() { isGzip }: ArchiveType,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadDto> {
    const { answer, replayed } = await this.receiver.receive(caller, request, isGzip, idempotent);
    if (replayed) response.setHeader('Idempotency-Replayed', 'true');
    return answer;
  }
}
