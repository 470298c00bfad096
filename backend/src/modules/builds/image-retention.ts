import type { ListedImage } from '#src/integrations/docker/images.js';
import { LABELS } from '#src/common/labels.js';
import type { BuiltDeployment } from './built-deployments.repository.js';

const RETAINED_PER_NAME = 3;
/** A younger image is never removed. */
const MIN_AGE_MS = 3_600_000;

type Known = Pick<BuiltDeployment, 'id' | 'environmentId' | 'name' | 'createdAt' | 'isGone'>;

/**
 * Chooses the built images that may be removed: not one in use, not of the last three of a name, not younger than an
 * hour, and not of an unknown deployment.
 */
export function supersededImages(
  images: ListedImage[],
  { deployments, used, now }: { deployments: Known[]; used: ReadonlySet<string>; now: Date },
): ListedImage[] {
  const known = new Map(deployments.map((deployment) => [deployment.id, deployment]));
  const ranks = new Map<string, number>();
  const rankOf = ({ environmentId, name }: Known) => {
    const key = `${environmentId}/${name}`;
    const rank = ranks.get(key) ?? 0;
    ranks.set(key, rank + 1);
    return rank;
  };
  return images
    .flatMap((image) => {
      const deployment = known.get(image.labels[LABELS.deployment] ?? '');
      return deployment ? [{ image, deployment }] : [];
    })
    .sort((a, b) => b.deployment.createdAt.getTime() - a.deployment.createdAt.getTime())
    .filter(({ image, deployment }) => {
      // An image without a tag was replaced by a second build after a crash.
      const isRetained = image.tags.length > 0 && !deployment.isGone && rankOf(deployment) < RETAINED_PER_NAME;
      const isYoung = now.getTime() - image.createdAt.getTime() < MIN_AGE_MS;
      return !isRetained && !isYoung && !(image.tags.length > 0 && used.has(deployment.id));
    })
    .map(({ image }) => image);
}
