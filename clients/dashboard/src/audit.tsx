import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type AuditAction, type AuditEvent, type AuditList, listAuditEvents } from '../../typescript/src/index.js';
import { Action, Curl } from './action.js';
import type { Call } from './api.js';
import { Choice } from './choices.js';
import { useLoaded } from './live.js';
import { Empty, Long, Problem, Table } from './parts.js';
import { Time } from './time.js';

const HEAD = ['Time', 'Action', 'Via', 'Target', 'Key', 'Address', 'Detail'];

/** An action that is missing here does not compile. A line each would say no more. */
// prettier-ignore
const ALL: Record<AuditAction, true> = {
  'key.created': true, 'key.revoked': true, 'link.created': true, 'link.used': true, 'user.asked': true,
  'user.allowed': true, 'user.refused': true, 'user.removed': true, 'operator.paired': true,
  'environment.created': true, 'environment.deleted': true, 'environment.extended': true,
  'environment.expiring': true, 'environment.expired': true, 'environment.published': true,
  'environment.withdrawn': true, 'hook.created': true, 'hook.deleted': true, 'upload.created': true,
  'deployment.created': true, 'deployment.redeployed': true, 'deployment.rolledBack': true,
  'deployment.promoted': true, 'deployment.started': true, 'deployment.stopped': true,
  'deployment.scaled': true, 'deployment.cancelled': true, 'deployment.deleted': true,
  'deployment.extended': true, 'deployment.expiring': true, 'deployment.expired': true, 'run.created': true,
  'run.cancelled': true,
};
const ACTIONS = Object.keys(ALL) as AuditAction[];

function page(action: AuditAction | undefined, cursor?: string): Call<AuditList> {
  const query = { limit: 50, ...(action && { action }), ...(cursor && { cursor }) };
  return (client) => listAuditEvents({ client, query });
}

/** Who did what, newest first. */
export function Audit() {
  const action = useSignal<AuditAction | undefined>(undefined);
  const older = useSignal<AuditList | undefined>(undefined);
  const { data: first, failure } = useLoaded(page(action.value), [action.value]);
  useEffect(() => {
    older.value = undefined;
  }, [first]);
  const events = [...(first?.events ?? []), ...(older.value?.events ?? [])];
  const next = older.value ? older.value.nextCursor : first?.nextCursor;
  const append = (more: AuditList): void => {
    older.value = { ...more, events: [...(older.value?.events ?? []), ...more.events] };
  };
  return (
    <>
      <h1>Audit</h1>
      <Choice
        label="Action"
        name="audit-action"
        of={[['', 'All actions'], ...ACTIONS.map((one): [string, string] => [one, one])]}
        value={action.value ?? ''}
        onChoose={(value) => (action.value = ACTIONS.find((one) => one === value))}
      />
      <Curl call={page(action.value)} />
      <Problem failure={failure} />
      {!first && !failure && <p>Loading …</p>}
      {first?.events.length === 0 && <Empty>No events of this action. Choose another.</Empty>}
      {events.length > 0 && (
        <Table label="Audit events" head={HEAD}>
          {events.map((event) => (
            <Row key={event.id} event={event} />
          ))}
        </Table>
      )}
      {next && <Action label="Show more" scope="ADMIN" call={page(action.value, next)} done={append} />}
    </>
  );
}

function Row({ event }: { event: AuditEvent }) {
  return (
    <tr>
      <td>
        <Time at={event.createdAt} />
      </td>
      <td>{event.action}</td>
      <td>{event.via}</td>
      <td>
        <code>{event.target}</code>
      </td>
      <td>
        <code>{event.keyId}</code>
      </td>
      <td>{event.ip}</td>
      <td>
        <Long text={compact(event.detail)} />
      </td>
    </tr>
  );
}

function compact(detail: AuditEvent['detail']): string {
  return Object.entries(detail ?? {})
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
