import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import type { Deployment, Environment } from '../../typescript/src/index.js';
import { Action } from './action.js';
import { send } from './api.js';
import { Hooks } from './hooks.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Facts, Heading, Problem, Section, Table } from './parts.js';
import { Publish } from './publish.js';
import { Reach } from './reach.js';
import { byName, failureOf, healthOf, isInProgress, type Named, originOf, restartsOf } from './releases.js';
import { go, href } from './route.js';
import { may } from './session.js';
import { Time } from './time.js';

const PAGE = 100;

export function EnvironmentScreen({ id }: { id: string }) {
  const { data, failure, reload } = useLoaded((client) => sdk.getEnvironment({ client, path: { id } }), [id], 5000);
  const environment = data?.environment;
  if (!environment) return failure ? <Problem failure={failure} /> : <p>Loading …</p>;
  return (
    <>
      <nav aria-label="Path">
        <a href={href('environments')}>Environments</a>
      </nav>
      <Heading text={environment.name}>
        <Badge value={environment.status} />
      </Heading>
      {environment.errorMessage && <p class="problem">{environment.errorMessage}</p>}
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

function Deployments({ environment }: { environment: Environment }) {
  const path = { envId: environment.id };
  const isBusy = useSignal(false);
  const older = useSignal<Deployment[]>([]);
  const cursor = useSignal<string | null | undefined>(undefined);
  const { data, failure } = useLoaded(
    (client) => sdk.listDeployments({ client, path, query: { limit: PAGE } }),
    [environment.id],
    isBusy.value ? 2000 : 5000,
  );
  const next = cursor.value === undefined ? data?.nextCursor : cursor.value;
  const showOlder = (from: string): void =>
    void send((client) => sdk.listDeployments({ client, path, query: { limit: PAGE, cursor: from } })).then((page) => {
      older.value = [...older.value, ...page.deployments];
      cursor.value = page.nextCursor;
    });
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
      <Problem failure={failure} />
      {data && named.length === 0 && (
        <Empty
          call={(client) =>
            sdk.createDeployment({
              client,
              body: { environmentId: environment.id, image: 'nginx', ports: [{ container: 80 }] },
            })
          }
        >
          Nothing is deployed here yet. Deploy an image, a repository or a folder:
        </Empty>
      )}
      {named.length > 0 && (
        <Table label="Deployments" head={['Name', 'Status', 'Release', 'Health', 'Replicas', 'Restarts', 'Age']}>
          {named.map((one) => (
            <Row key={one.name} named={one} />
          ))}
        </Table>
      )}
      {next && (
        <button type="button" onClick={() => showOlder(next)}>
          Show older releases
        </button>
      )}
      <Reach environment={environment} named={named} />
    </Section>
  );
}

function Row({ named }: { named: Named }) {
  const { name, newest, serving } = named;
  const failure = failureOf(named);
  const shown = serving ?? newest;
  return (
    <tr>
      <th scope="row">
        <a href={href('deployments', newest.id)}>{name}</a>
      </th>
      <td>
        <Badge value={newest.status} /> {newest.progress?.message} {failure && <span class="bad">{failure}</span>}
      </td>
      <td>{originOf(shown)}</td>
      <td>{healthOf(shown) && <Badge value={healthOf(shown)} />}</td>
      <td>
        {shown.containers.filter(({ status }) => status === 'RUNNING').length} of {shown.replicas}
      </td>
      <td>{restartsOf(shown)}</td>
      <td>
        <Time at={shown.createdAt} />
      </td>
    </tr>
  );
}
