import * as sdk from '../../typescript/src/index.js';
import { Action } from './action.js';
import { useLoaded } from './live.js';
import { Badge, Section } from './parts.js';
import { originOf } from './releases.js';
import { go, href } from './route.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';

const MAX_RELEASES = 20;

/** The releases of the same name, and the way back to one that worked. */
export function ReleaseList({ deployment }: { deployment: sdk.Deployment }) {
  const { name, environmentId } = deployment;
  const { data } = useLoaded(
    (client) => sdk.listDeployments({ client, path: { envId: environmentId }, query: { limit: 100 } }),
    [environmentId, deployment.status],
  );
  const releases = (data?.deployments ?? []).filter((one) => one.name === name).slice(0, MAX_RELEASES);
  const newest = releases[0];
  const back = (release: sdk.Deployment, from: sdk.Deployment) => (
    <Action
      label="Roll back to this"
      scope="DEPLOYMENTS_WRITE"
      call={(client) => sdk.rollbackDeployment({ client, path: { id: from.id }, body: { deploymentId: release.id } })}
      done={({ deploymentId }) => go('deployments', deploymentId)}
    />
  );
  const row = (release: sdk.Deployment): Row => ({
    key: release.id,
    isCurrent: release.id === deployment.id,
    cells: [
      <a href={href('deployments', release.id)}>
        <Time at={release.createdAt} />
      </a>,
      <>
        <Badge value={release.status} /> {release.errorCode}
      </>,
      originOf(release),
      <code>{release.imageDigest?.slice(7, 19)}</code>,
      newest && release !== newest && ['STOPPED', 'RUNNING'].includes(release.status) && back(release, newest),
    ],
  });
  return (
    <Section title="Releases">
      <Table
        label={`Releases of ${name}`}
        head={['Created', 'Status', 'From', 'Digest', 'Action']}
        rows={data && releases.map(row)}
      />
    </Section>
  );
}
