import type { ListedImage } from '#src/integrations/docker/images.js';
import { LABELS } from '#src/common/labels.js';

const KEPT_PER_NAME = 3;
/** Nobody is surprised by what goes after that. */
const YOUNG_MS = 3_600_000;

interface Known {
  id: string;
  environmentId: string;
  name: string;
  createdAt: Date;
}

/** Which images of ours may go: not what is live, not the last three of a name, nothing young, and nothing of deployments that are not ours. */
export function superseded(
  images: ListedImage[],
  { deployments, live, now }: { deployments: Known[]; live: ReadonlySet<string>; now: Date },
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
      // One without a name was built again after a crash.
      const isKept = image.tags.length > 0 && rankOf(deployment) < KEPT_PER_NAME;
      const isYoung = now.getTime() - image.createdAt.getTime() < YOUNG_MS;
      return !isKept && !isYoung && !(image.tags.length > 0 && live.has(deployment.id));
    })
    .map(({ image }) => image);
}
