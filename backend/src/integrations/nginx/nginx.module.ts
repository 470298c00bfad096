import { Global, Module } from '@nestjs/common';
import { NginxConfig } from './nginx-config.js';

@Global()
@Module({ providers: [NginxConfig], exports: [NginxConfig] })
export class NginxModule {}
