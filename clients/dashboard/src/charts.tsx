import type { Deployment } from '../../typescript/src/index.js';

export function Charts({ deployment }: { deployment: Deployment }) {
  return <p>{deployment.id}</p>;
}
