import { Global, Module } from '@nestjs/common';
import { AcmeServer } from './acme-server.js';

@Global()
@Module({ providers: [AcmeServer], exports: [AcmeServer] })
export class AcmeModule {}
