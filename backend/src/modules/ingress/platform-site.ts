import { existsSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import path from 'node:path';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { API_SOCKET } from '#src/integrations/nginx/nginx-config.js';
import { API_VOLUME } from './edge/ingress-names.js';
import { accepts, listenAt } from './shared-socket.js';
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
    await this.close();
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
    const socket = await this.socketPath();
    // Another process that served the name may have ended since.
    if (this.server?.listening && (await accepts(socket))) return;
    await this.close();
    const server = createServer(this.adapter.httpAdapter.getInstance<RequestListener>());
    await listenAt(server, socket);
    this.server = server;
  }

  private async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
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
