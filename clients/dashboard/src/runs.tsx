import type { Deployment } from '../../typescript/src/index.js';

export function Runs({ deployment }: { deployment: Deployment }) {
  return <p>{deployment.id}</p>;
}
