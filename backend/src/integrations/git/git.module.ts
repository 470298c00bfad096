import { Global, Module } from '@nestjs/common';
import { EgressPolicy } from './egress-policy.js';
import { CertificateBundle } from './certificate-bundle.js';
import { GitRepositories } from './git-repositories.js';

const surfaces = [EgressPolicy, GitRepositories];

@Global()
@Module({ providers: [...surfaces, CertificateBundle], exports: surfaces })
export class GitModule {}
