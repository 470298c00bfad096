import * as sdk from '../../typescript/src/index.js';
import type { Deployment } from '../../typescript/src/index.js';
import { Action } from './action.js';
import { useLoaded } from './live.js';
import { Badge, Section, Table } from './parts.js';
import { originOf } from './releases.js';
import { go, href } from './route.js';
import { Time } from './time.js';

const MAX_RELEASES = 20;

/** The releases of the same name, and the way back to one that worked. */
export function ReleaseList({ deployment }: { deployment: Deployment }) {
  const { name, environmentId } = deployment;
  const { data } = useLoaded(
    (client) => sdk.listDeployments({ client, path: { envId: environmentId }, query: { limit: 100 } }),
    [environmentId, deployment.status],
  );
  const releases = (data?.deployments ?? []).filter((one) => one.name === name).slice(0, MAX_RELEASES);
  const newest = releases[0];
  return (
    <Section title="Releases">
      <Table label={`Releases of ${name}`} head={['Created', 'Status', 'From', 'Digest', 'Action']}>
        {releases.map((release) => (
          <tr key={release.id} {...(release.id === deployment.id && { 'aria-current': 'true' })}>
            <th scope="row">
              <a href={href('deployments', release.id)}>
                <Time at={release.createdAt} />
              </a>
            </th>
            <td>
              <Badge value={release.status} /> {release.errorCode}
            </td>
            <td>{originOf(release)}</td>
            <td>
              <code>{release.imageDigest?.slice(7, 19)}</code>
            </td>
            <td>
              {newest && release.id !== newest.id && ['STOPPED', 'RUNNING'].includes(release.status) && (
                <Action
                  label="Roll back to this"
                  scope="DEPLOYMENTS_WRITE"
                  call={(client) =>
                    sdk.rollbackDeployment({ client, path: { id: newest.id }, body: { deploymentId: release.id } })
                  }
                  done={({ deploymentId }) => go('deployments', deploymentId)}
                />
              )}
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
