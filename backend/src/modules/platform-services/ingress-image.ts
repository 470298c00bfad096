import { Injectable } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { GrowingPause } from '#src/common/time/growing-pause.js';
import { Config } from '#src/config/config.js';
import { PlatformSettingsRepository } from '#src/core/database/platform-settings.repository.js';
import { Images } from '#src/integrations/docker/images.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';

const SETTING = 'ingress.image';
const RETRY = { firstMs: 5000, longestMs: 300_000 };

/**
 * Resolves the image of front and edges. Its digest is pinned at first use, so that a moved tag does not replace every
 * edge at the next start; a change of NGINX_IMAGE does.
 */
@Injectable()
export class IngressImage {
  private readonly retry = new GrowingPause(RETRY);
  private failure: RegistryError | undefined;

  constructor(
    private readonly settings: PlatformSettingsRepository,
    private readonly images: Images,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * Returns the reference to run, after pulling the image to this node. Throws RegistryError, DockerError. After a
   * failure it retries with backoff; until the next attempt is due, it throws the same error.
   */
  async ensure(signal: AbortSignal): Promise<string> {
    const { image } = this.config.ingress;
    const known = await this.readPinned(image);
    if (known && (await this.images.find(known))) return known;
    try {
      if (this.failure && !this.retry.isDue(this.clock.monotonicMs())) throw this.failure;
      const pinned = await this.pull(image, known, signal);
      await this.settings.save(SETTING, `${image} ${pinned}`);
      return pinned;
    } catch (error) {
      // While the registry is unavailable, use the image of this node.
      const local = error instanceof RegistryError ? await this.images.find(image) : undefined;
      if (local) return local.id;
      throw error;
    }
  }

  private async pull(image: string, known: string | undefined, signal: AbortSignal): Promise<string> {
    try {
      const pinned = known ?? `${nameOf(image)}@${(await this.images.resolve(image, undefined, signal)).digest}`;
      await this.images.pull(pinned, undefined, () => undefined, signal);
      this.retry.succeeded();
      this.failure = undefined;
      return pinned;
    } catch (error) {
      if (error instanceof RegistryError) {
        this.failure = error;
        this.retry.failed(this.clock.monotonicMs());
      }
      throw error;
    }
  }

  private async readPinned(image: string): Promise<string | undefined> {
    const [setting, pinned] = (await this.settings.find(SETTING))?.split(' ') ?? [];
    return setting === image ? pinned : undefined;
  }
}

/** Returns the reference without tag and digest. */
function nameOf(image: string): string {
  const [named = ''] = image.split('@');
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
}
