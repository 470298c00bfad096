import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Action, CopyButton, Curl, Form } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Once } from './once.js';
import { Empty, Field, Section } from './parts.js';
import { may } from './session.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';
import { linesOf } from './text.js';

const HEAD = ['Deployment', 'Branch', 'Paths', 'URL', 'Last delivery', 'Created', 'Action'];

/** What redeploys on a push. */
export function Hooks({ environmentId }: { environmentId: string }) {
  const call: Call<sdk.ListHooksResponse> = (client) => sdk.listHooks({ client, path: { id: environmentId } });
  const { data, failure, reload } = useLoaded(call, [environmentId], 30_000);
  return (
    <Section title="Hooks" side={<Curl call={call} />}>
      <Table
        label="Hooks"
        head={HEAD}
        failure={failure}
        rows={data?.hooks.map((hook) => row(hook, reload))}
        empty={<Empty>No hooks. A hook redeploys a Git deployment at each push.</Empty>}
      />
      {may('DEPLOYMENTS_WRITE') && <NewHook environmentId={environmentId} done={reload} />}
    </Section>
  );
}

function row(
  { id, name, branch, paths, url, suspendedReason, lastDeliveryAt, lastOutcome, createdAt }: sdk.Hook,
  done: () => void,
): Row {
  return {
    key: id,
    cells: [
      name,
      branch ?? 'that of the deployment',
      paths.join(', ') || 'all',
      <>
        <code>{url}</code> <CopyButton text={() => url} label="Copy URL" />
      </>,
      <>
        {suspendedReason && <strong>Suspended: {suspendedReason} </strong>}
        {lastDeliveryAt ? <Time at={lastDeliveryAt} /> : 'none yet'} {lastOutcome}
      </>,
      <Time at={createdAt} />,
      <Action
        label="Delete hook"
        kind="danger"
        scope="DEPLOYMENTS_WRITE"
        question={`Delete the hook of ${name}? Its deliveries are refused.`}
        call={(client) => sdk.deleteHook({ client, path: { id } })}
        done={done}
      />,
    ],
  };
}

function NewHook({ environmentId, done }: { environmentId: string; done: () => void }) {
  const name = useSignal('');
  const branch = useSignal('');
  const paths = useSignal('');
  const created = useSignal<sdk.HookCreated | undefined>(undefined);
  const globs = linesOf(paths.value);
  const body = {
    name: name.value.trim(),
    ...(branch.value.trim() && { branch: branch.value.trim() }),
    ...(globs.length > 0 && { paths: globs }),
  };
  const finish = (answer: sdk.HookCreated): void => {
    created.value = answer;
    name.value = '';
    done();
  };
  return (
    <>
      {created.value && (
        <Once
          what={`Secret of the hook of ${created.value.hook.name}`}
          value={created.value.secret}
          close={() => (created.value = undefined)}
        />
      )}
      <details>
        <summary>New hook</summary>
        <Form
          label="Create hook"
          call={(client) => sdk.createHook({ client, path: { id: environmentId }, body })}
          done={finish}
        >
          <Field label="Deployment" required hint="Name of a deployment from Git." of={name} />
          <Field label="Branch" hint="Empty: that of the newest deployment." of={branch} />
          <Field label="Paths" rows={2} hint="One glob per line, such as api/**. Empty: each push." of={paths} />
        </Form>
        <p class="note">Add the URL and the secret to the webhook settings of the repository.</p>
      </details>
    </>
  );
}
