import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import tls from 'node:tls';
import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';

/** CA file of git: the machine's own roots together with those of GIT_CA_FILE; undefined without GIT_CA_FILE. */
@Injectable()
export class CertificateBundle {
  private made: Promise<string | undefined> | undefined;

  constructor(private readonly config: Config) {}

  /** Created once per start. */
  file(): Promise<string | undefined> {
    this.made ??= this.make().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    return this.made;
  }

  private async make(): Promise<string | undefined> {
    const { caFile, dir } = this.config.git;
    if (caFile === undefined) return undefined;
    const own = await readFile(caFile, 'utf8');
    const bundle = path.join(dir, 'ca.pem');
    await mkdir(dir, { recursive: true });
    await writeFile(bundle, [...tls.getCACertificates('system'), own].join('\n'));
    await chmod(bundle, 0o644);
    return bundle;
  }
}
