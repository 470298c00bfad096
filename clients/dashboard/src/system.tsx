import {
  getHealth,
  type Health,
  listNodes,
  type ListNodesResponse,
  listOrphans,
  type OrphanList,
} from '../../typescript/src/index.js';
import { Curl } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Problem, Section, Table } from './parts.js';
import { isAdmin } from './session.js';
import { bytes } from './text.js';

const EVERY_MS = 15_000;

/** While a part is down, the status is 503 and the body is the same. */
const readHealth: Call<Health> = async (client) => {
  const { data, error, response } = await getHealth({ client });
  const health = data ?? error;
  return health && 'details' in health ? { data: health, response: new Response() } : { error, response };
};
const readNodes: Call<ListNodesResponse> = (client) => listNodes({ client });
const readOrphans: Call<OrphanList> = (client) => listOrphans({ client });

export function System() {
  if (!isAdmin.value) return <p>This screen needs a key with the scope ADMIN.</p>;
  return (
    <>
      <h1>System</h1>
      <HealthParts />
      <Nodes />
      <Orphans />
    </>
  );
}

function HealthParts() {
  const { data, failure } = useLoaded(readHealth, [], EVERY_MS);
  return (
    <Section title="Health" side={<Curl call={readHealth} />}>
      <Problem failure={failure} />
      {!data && !failure && <p>Loading …</p>}
      {data && (
        <Table label="Health" head={['Part', 'Status', 'Message']}>
          {Object.entries(data.details).map(([name, { status, message }]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Badge value={status} />
              </td>
              <td>{message}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function Nodes() {
  const { data, failure } = useLoaded(readNodes, [], EVERY_MS);
  const head = ['Name', 'Role', 'State', 'Availability', 'Address', 'Engine', 'CPUs', 'Memory'];
  return (
    <Section title="Nodes" side={<Curl call={readNodes} />}>
      <Problem failure={failure} />
      {!data && !failure && <p>Loading …</p>}
      {data && (
        <Table label="Nodes" head={head}>
          {data.nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row">{node.hostname}</th>
              <td>{node.role}</td>
              <td>
                <Badge value={node.state} />
              </td>
              <td>{node.availability}</td>
              <td>{node.address}</td>
              <td>
                {node.engineVersion} ({node.platform})
              </td>
              <td>{node.cpus}</td>
              <td>{bytes(node.memoryBytes)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function Orphans() {
  const { data, failure } = useLoaded(readOrphans, [], EVERY_MS);
  return (
    <Section title="Orphans" side={<Curl call={readOrphans} />}>
      <Problem failure={failure} />
      {!data && !failure && <p>Loading …</p>}
      {data?.orphans.length === 0 && <Empty>No orphans: Berth knows every Docker resource that has its labels.</Empty>}
      {data && data.orphans.length > 0 && (
        <Table label="Orphans" head={['Kind', 'Name', 'Reason']}>
          {data.orphans.map(({ kind, name, reason }) => (
            <tr key={`${kind} ${name}`}>
              <td>{kind}</td>
              <th scope="row">{name}</th>
              <td>{reason}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
