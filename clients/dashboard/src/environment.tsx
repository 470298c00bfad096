import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Action } from './action.js';
import { Hooks } from './hooks.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Facts, Heading, Long, Path, Problem, Section } from './parts.js';
import { Publish } from './publish.js';
import { Reach } from './reach.js';
import { byName, failureOf, healthOf, isInProgress, type Named, originOf, restartsOf } from './releases.js';
import { go, href } from './route.js';
import { may } from './session.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';

const PAGE = 100;
const HEAD = ['Name', 'Status', 'Release', 'Health', 'Replicas', 'Restarts', 'Age'];

export function EnvironmentScreen({ id }: { id: string }) {
  const { data, failure, reload } = useLoaded((client) => sdk.getEnvironment({ client, path: { id } }), [id], 5000);
  const environment = data?.environment;
  if (!environment) return failure ? <Problem failure={failure} /> : <p>Loading …</p>;
  return (
    <>
      <Path />
      <Heading text={environment.name}>
        <Badge value={environment.status} />
      </Heading>
      <Facts of={[['Error', environment.errorMessage && <Long text={environment.errorMessage} />]]} />
      {may('DEPLOYMENTS_READ') && <Deployments environment={environment} />}
      <Publish environment={environment} reload={reload} />
      {may('DEPLOYMENTS_READ') && <Hooks environmentId={id} />}
      <Section title="About">
        <Facts
          of={[
            ['Id', <code>{environment.id}</code>],
            ['Network', <code>{environment.overlayNetworkId}</code>],
            ['Created', <Time at={environment.createdAt} />],
            ['Expires', environment.expiresAt && <Time at={environment.expiresAt} />],
          ]}
        />
        <Action
          label="Delete the environment"
          kind="danger"
          scope="ENVIRONMENTS_WRITE"
          question={`Delete ${environment.name}, its deployments and their volumes?`}
          call={(client) => sdk.deleteEnvironment({ client, path: { id } })}
          done={() => go('environments')}
        />
      </Section>
    </>
  );
}

function Deployments({ environment }: { environment: sdk.Environment }) {
  const environmentId = environment.id;
  const path = { envId: environmentId };
  const isBusy = useSignal(false);
  const older = useSignal<sdk.Deployment[]>([]);
  const cursor = useSignal<string | null | undefined>(undefined);
  const { data, failure } = useLoaded(
    (client) => sdk.listDeployments({ client, path, query: { limit: PAGE } }),
    [environment.id],
    isBusy.value ? 2000 : 5000,
  );
  const next = cursor.value === undefined ? data?.nextCursor : cursor.value;
  const known = new Set(data?.deployments.map(({ id }) => id));
  const all = [...(data?.deployments ?? []), ...older.value.filter(({ id }) => !known.has(id))];
  isBusy.value = all.some(isInProgress);
  const named = byName(all);
  const deploy = may('DEPLOYMENTS_WRITE') && environment.status === 'ACTIVE' && (
    <a class="button primary" href={href('deploy', environment.id)}>
      Deploy
    </a>
  );
  return (
    <Section title="Deployments" side={deploy}>
      <Table
        label="Deployments"
        head={HEAD}
        failure={failure}
        rows={data && named.map(row)}
        empty={
          <Empty
            call={(client) =>
              sdk.createDeployment({ client, body: { environmentId, image: 'nginx', ports: [{ container: 80 }] } })
            }
          >
            Nothing is deployed here yet. Deploy an image, a repository or a folder:
          </Empty>
        }
      />
      {next && (
        <Action
          label="Show older releases"
          scope="DEPLOYMENTS_READ"
          call={(client) => sdk.listDeployments({ client, path, query: { limit: PAGE, cursor: next } })}
          done={({ deployments, nextCursor }) => {
            older.value = [...older.value, ...deployments];
            cursor.value = nextCursor;
          }}
        />
      )}
      <Reach environment={environment} named={named} />
    </Section>
  );
}

function row(named: Named): Row {
  const { name, newest, serving } = named;
  const shown = serving ?? newest;
  const failure = failureOf(named);
  const health = healthOf(shown);
  return {
    key: name,
    cells: [
      <a href={href('deployments', newest.id)}>{name}</a>,
      <>
        <Badge value={newest.status} /> {newest.progress?.message} {failure && <span class="bad">{failure}</span>}
      </>,
      originOf(shown),
      health && <Badge value={health} />,
      `${shown.containers.filter(({ status }) => status === 'RUNNING').length} of ${shown.replicas}`,
      restartsOf(shown),
      <Time at={shown.createdAt} />,
    ],
  };
}
