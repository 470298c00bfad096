import { Global, Module } from '@nestjs/common';
import { AddressGuard } from './address-guard.js';
import { CertificateBundle } from './certificate-bundle.js';
import { GitRepositories } from './git-repositories.js';

const surfaces = [AddressGuard, GitRepositories];

@Global()
@Module({ providers: [...surfaces, CertificateBundle], exports: surfaces })
export class GitModule {}
