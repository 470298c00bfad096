import type { Readable } from 'node:stream';
import { LABELS } from '#src/common/labels.js';
import type { Config } from '#src/config/config.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { DockerClient } from '#src/integrations/docker/docker-client.js';
import { Images } from '#src/integrations/docker/images.js';
import { Volumes } from '#src/integrations/docker/volumes.js';

/** Copies images that were built here, and volumes, from and to the Engine. */
export class EngineCopy {
  private readonly images: Images;
  private readonly volumes: Volumes;
  private readonly containers: Containers;

  constructor(private readonly config: Config) {
    const docker = new DockerClient(config);
    this.images = new Images(docker);
    this.volumes = new Volumes(docker);
    this.containers = new Containers(docker);
  }

  /** Names of the images that were built here. */
  async builtImages(): Promise<string[]> {
    return (await this.images.list({ [LABELS.managed]: 'true' })).flatMap(({ tags }) => tags);
  }

  saveImages(names: string[]): Promise<Readable> {
    return this.images.save(names);
  }

  loadImages(tar: Readable): Promise<void> {
    return this.images.load(tar);
  }

  /** Labels of deployments' volumes by name. */
  async deploymentVolumes(): Promise<Map<string, Record<string, string>>> {
    const found = await this.volumes.list({ [LABELS.environment]: true });
    return new Map(found.map(({ name, labels }) => [name, labels]));
  }

  async saveVolume<T>(name: string, use: (tar: Readable) => Promise<T>): Promise<T> {
    return this.containers.withVolume(await this.helper(), name, (files) => files.read().then(use));
  }

  async loadVolume(name: string, labels: Record<string, string>, tar: Readable): Promise<void> {
    await this.volumes.create(name, labels);
    await this.containers.withVolume(await this.helper(), name, (files) => files.write(tar));
  }

  /** Any local image: it is not run. */
  private async helper(): Promise<string> {
    const { image } = this.config.ingress;
    if (!(await this.images.find(image)))
      await this.images.pull(image, undefined, () => undefined, AbortSignal.timeout(300_000));
    return image;
  }
}
