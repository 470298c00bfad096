import { Global, Module } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { SecretBox } from './secret-box.js';

@Global()
@Module({ providers: [SecretBox, Clock, IdSource], exports: [SecretBox, Clock, IdSource] })
export class CryptoModule {}
