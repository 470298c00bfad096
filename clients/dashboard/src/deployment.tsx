import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Action } from './action.js';
import { About } from './about.js';
import { Change } from './change.js';
import { Charts } from './charts.js';
import { DeploymentLog } from './deployment-log.js';
import { useLoaded } from './live.js';
import { Badge, Heading, Path, Problem, Section } from './parts.js';
import { ReleaseList } from './release-list.js';
import { isInProgress, originOf } from './releases.js';
import { go } from './route.js';
import { Runs } from './runs.js';
import { Steps } from './steps.js';
import { Time } from './time.js';
import { Table } from './table.js';

export function DeploymentScreen({ id }: { id: string }) {
  const interval = useSignal(1500);
  const { data, failure, reload } = useLoaded(
    (client) => sdk.getDeployment({ client, path: { id } }),
    [id],
    interval.value,
  );
  const deployment = data?.deployment;
  if (deployment) interval.value = isInProgress(deployment) ? 1500 : 5000;
  if (!deployment) return failure ? <Problem failure={failure} /> : <p>Loading …</p>;
  const { environment, name, status, errorCode, errorMessage, containers } = deployment;
  return (
    <>
      <Path environment={environment} />
      <Heading text={name}>
        <Badge value={status} />
      </Heading>
      <p class="note">
        {originOf(deployment)}, created <Time at={deployment.createdAt} />
      </p>
      {errorCode && (
        <div class="problem" role="alert">
          <strong>{errorCode}</strong>
          <pre tabIndex={0}>{errorMessage}</pre>
        </div>
      )}
      <Controls deployment={deployment} reload={reload} />
      <Steps deployment={deployment} />
      {containers.length > 0 && status !== 'FAILED' && (
        <Section title="Containers">
          <Table
            label="Containers"
            head={['Replica', 'Status', 'Health', 'Restarts', 'Node']}
            rows={containers.map(({ name: key, slot, status: state, healthStatus, restartCount, node }) => ({
              key: `${key}${slot}`,
              cells: [slot, <Badge value={state} />, <Badge value={healthStatus} />, restartCount, node],
            }))}
          />
        </Section>
      )}
      <DeploymentLog deployment={deployment} changed={reload} />
      <Charts deployment={deployment} />
      <ReleaseList deployment={deployment} />
      <Change deployment={deployment} />
      <Runs deployment={deployment} />
      <About deployment={deployment} />
    </>
  );
}

function Controls({ deployment, reload }: { deployment: sdk.Deployment; reload: () => void }) {
  const { id, jobId, name, status, environment } = deployment;
  const scope = 'DEPLOYMENTS_WRITE';
  const path = { id };
  const follow = ({ deploymentId }: { deploymentId: string }): void => go('deployments', deploymentId);
  if (isInProgress(deployment))
    return (
      <Action
        label="Cancel"
        scope={scope}
        call={(client) => sdk.cancelDeployment({ client, path: { jobId } })}
        done={reload}
      />
    );
  return (
    <div class="row">
      <Action
        label="Deploy again"
        scope={scope}
        call={(client) => sdk.redeployDeployment({ client, path })}
        done={(answer) => 'deploymentId' in answer && follow(answer)}
      />
      {status === 'RUNNING' && (
        <Action
          label="Stop"
          scope={scope}
          question={`Stop ${name}? Its volumes are kept.`}
          call={(client) => sdk.stopDeployment({ client, path })}
          done={reload}
        />
      )}
      {status === 'STOPPED' && (
        <Action label="Start" scope={scope} call={(client) => sdk.startDeployment({ client, path })} done={follow} />
      )}
      <Action
        label="Delete"
        kind="danger"
        scope={scope}
        question={`Delete ${name}? Its volumes are kept.`}
        call={(client) => sdk.deleteDeployment({ client, path })}
        done={() => go('environments', environment.id)}
      />
    </div>
  );
}
