import { Global, Module } from '@nestjs/common';
import { Probe } from './probe.js';

@Global()
@Module({ providers: [Probe], exports: [Probe] })
export class ProbeModule {}
