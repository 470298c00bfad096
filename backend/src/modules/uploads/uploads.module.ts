import { Module } from '@nestjs/common';
import { AuthModule } from '#src/modules/auth/auth.module.js';
import { ChunkWriter } from './chunk-writer.js';
import { UploadReceiver } from './upload-receiver.js';
import { UploadsController } from './uploads.controller.js';
import { UploadsRepository } from './uploads.repository.js';
import { UploadsService } from './uploads.service.js';

@Module({
  imports: [AuthModule],
  controllers: [UploadsController],
  providers: [UploadsRepository, ChunkWriter, UploadReceiver, UploadsService],
  exports: [UploadsService],
})
export class UploadsModule {}
