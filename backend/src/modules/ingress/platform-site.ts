import { chmodSync, existsSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import path from 'node:path';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { API_SOCKET } from '#src/integrations/nginx/nginx-config.js';
import { API_VOLUME } from './edge/ingress-names.js';
import { platformDomain } from './sites/public-domain.js';
import { SitesRepository } from './sites/sites.repository.js';

/**
 * Serves the platform's own name when PUBLIC_BASE_URL is https. Its edge reaches the API through a Unix socket in a
 * volume that no other service mounts. So the API listens on no address that a tenant can reach, and serves only that
 * name.
 */
@Injectable()
export class PlatformSite implements OnModuleDestroy {
  private readonly logger = new Logger(PlatformSite.name);
  private server: Server | undefined;
  private claimed: string | undefined;

  constructor(
    private readonly config: Config,
    private readonly volumes: Volumes,
    private readonly sites: SitesRepository,
    private readonly adapter: HttpAdapterHost,
  ) {}

  async onModuleDestroy(): Promise<void> {
    const { server } = this;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Claims the name, and releases the one of an earlier configuration. */
  async ensure(): Promise<void> {
    const isWanted = this.config.ingress.isOn && this.config.http.publicBaseUrl.startsWith('https:');
    const domain = isWanted ? platformDomain(this.config) : undefined;
    if (domain !== undefined) await this.listen();
    if (domain === this.claimed && domain !== undefined) return;
    await this.sites.transaction(async (db) => {
      await this.sites.release(db, null, domain ?? '');
      if (domain === undefined || (await this.sites.claimForPlatform(db, domain))) this.claimed = domain;
      else this.logger.warn(`${domain} is the public name of an environment: the platform cannot use it`);
    });
  }

  private async listen(): Promise<void> {
    if (this.server?.listening) return;
    const socket = await this.socketPath();
    rmSync(socket, { force: true }); // left by a process that was killed
    const server = createServer(this.adapter.httpAdapter.getInstance<RequestListener>());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
    chmodSync(socket, 0o666); // the edge runs as the user nobody; only services with the volume have access
    this.server = server;
  }

  private async socketPath(): Promise<string> {
    if (!(await this.volumes.find(API_VOLUME)))
      await this.volumes.create(API_VOLUME, { [LABELS.managed]: 'true', [LABELS.ingress]: 'api' });
    if (this.config.http.socket !== undefined) return this.config.http.socket;
    const folder = (await this.volumes.find(API_VOLUME))?.mountpoint ?? '';
    if (existsSync(folder)) return path.join(folder, API_SOCKET);
    throw new Error(
      `${folder} is not accessible from this process: set API_SOCKET to a path in the volume ${API_VOLUME}`,
    );
  }
}
