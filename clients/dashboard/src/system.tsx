import * as sdk from '../../typescript/src/index.js';
import { Curl } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Heading, Section } from './parts.js';
import { isAdmin } from './session.js';
import { health } from './shell.js';
import { bytes } from './text.js';
import { Table } from './table.js';

const EVERY_MS = 15_000;

const readHealth: Call<sdk.Health> = (client) => sdk.getHealth({ client });
const readNodes: Call<sdk.ListNodesResponse> = (client) => sdk.listNodes({ client });
const readOrphans: Call<sdk.OrphanList> = (client) => sdk.listOrphans({ client });

export function System() {
  if (!isAdmin.value) return <p>This screen needs a key with the scope ADMIN.</p>;
  return (
    <>
      <Heading text="System" />
      <HealthParts />
      <Nodes />
      <Orphans />
    </>
  );
}

function HealthParts() {
  const rows = health.value?.map(([key, { status, message }]) => ({
    key,
    cells: [key, <Badge value={status} />, message],
  }));
  return (
    <Section title="Health" side={<Curl call={readHealth} />}>
      <Table label="Health" head={['Part', 'Status', 'Message']} rows={rows} />
    </Section>
  );
}

function Nodes() {
  const { data, failure } = useLoaded(readNodes, [], EVERY_MS);
  const head = ['Name', 'Role', 'State', 'Availability', 'Address', 'Engine', 'CPUs', 'Memory'];
  const rows = data?.nodes.map((node) => ({
    key: node.id,
    cells: [
      node.hostname,
      node.role,
      <Badge value={node.state} />,
      node.availability,
      node.address,
      `${node.engineVersion} (${node.platform})`,
      node.cpus,
      bytes(node.memoryBytes),
    ],
  }));
  return (
    <Section title="Nodes" side={<Curl call={readNodes} />}>
      <Table label="Nodes" head={head} failure={failure} rows={rows} />
    </Section>
  );
}

function Orphans() {
  const { data, failure } = useLoaded(readOrphans, [], EVERY_MS);
  const rows = data?.orphans.map(({ kind, name, reason }) => ({ key: `${kind} ${name}`, cells: [name, kind, reason] }));
  const none = <Empty>No orphans: Berth knows every Docker resource that has its labels.</Empty>;
  return (
    <Section title="Orphans" side={<Curl call={readOrphans} />}>
      <Table label="Orphans" head={['Name', 'Kind', 'Reason']} failure={failure} rows={rows} empty={none} />
    </Section>
  );
}
