import { Injectable } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { GrowingPause } from '#src/common/time/growing-pause.js';
import { Config } from '#src/config/config.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { Images } from '#src/integrations/docker/images.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';

const SETTING = 'ingress.image';
const RETRY = { firstMs: 5000, longestMs: 300_000 };

/**
 * The image of front and edges, by the digest that its name meant when it was first used: a tag that moves must not replace every edge at the
 * next start. Another NGINX_IMAGE does.
 */
@Injectable()
export class IngressImage {
  private readonly retry = new GrowingPause(RETRY);
  private failure: RegistryError | undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly images: Images,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * The reference to run; the image is on this node then. Throws RegistryError, DockerError. After a failure the
   * registry is asked again with growing pauses; between them the same failure is thrown.
   */
  async ensure(signal: AbortSignal): Promise<string> {
    const { image } = this.config.ingress;
    const kept = await this.kept(image);
    if (kept && (await this.images.find(kept))) return kept;
    try {
      if (this.failure && !this.retry.isDue(this.clock.now())) throw this.failure;
      const pinned = await this.pull(image, kept, signal);
      await this.keep(image, pinned);
      return pinned;
    } catch (error) {
      // Without its registry, what is here will do.
      const local = error instanceof RegistryError ? await this.images.find(image) : undefined;
      if (local) return local.id;
      throw error;
    }
  }

  private async pull(image: string, kept: string | undefined, signal: AbortSignal): Promise<string> {
    try {
      const pinned = kept ?? `${nameOf(image)}@${(await this.images.resolve(image, undefined, signal)).digest}`;
      await this.images.pull(pinned, undefined, () => undefined, signal);
      this.retry.succeeded();
      this.failure = undefined;
      return pinned;
    } catch (error) {
      if (error instanceof RegistryError) {
        this.failure = error;
        this.retry.failed(this.clock.now());
      }
      throw error;
    }
  }

  private async kept(image: string): Promise<string | undefined> {
    const row = await this.prisma.platformSetting.findUnique({ where: { name: SETTING } });
    const [setting, pinned] = row?.value.split(' ') ?? [];
    return setting === image ? pinned : undefined;
  }

  private async keep(image: string, pinned: string): Promise<void> {
    const value = `${image} ${pinned}`;
    await this.prisma.platformSetting.upsert({
      where: { name: SETTING },
      create: { name: SETTING, value },
      update: { value },
    });
  }
}

/** Without tag and digest. */
function nameOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
