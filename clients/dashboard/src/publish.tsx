import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Action, Form } from './action.js';
import { Badge, Facts, Field, Section } from './parts.js';
import { may } from './session.js';
import { Time } from './time.js';

/** The public domain of an environment and its certificate. */
export function Publish({ environment, reload }: { environment: sdk.Environment; reload: () => void }) {
  const { id, publicDomain, certificate } = environment;
  const domain = useSignal('');
  return (
    <Section title="Public domain">
      {publicDomain && (
        <>
          <Facts
            of={[
              ['Domain', <a href={`https://${publicDomain}`}>{publicDomain}</a>],
              ['Certificate', certificate && <Badge value={certificate.status} />],
              ['Issuer', certificate?.issuer],
              ['Valid until', certificate?.notAfter && <Time at={certificate.notAfter} />],
              ['Last error', certificate?.lastError],
              ['Next attempt', certificate?.nextAttemptAt && <Time at={certificate.nextAttemptAt} />],
            ]}
          />
          <Action
            label="Make it private"
            kind="danger"
            scope="ENVIRONMENTS_WRITE"
            question={`Stop serving ${publicDomain}?`}
            call={(client) => sdk.makeEnvironmentPrivate({ client, path: { id } })}
            done={reload}
          />
        </>
      )}
      {!publicDomain && (
        <p>
          Only host ports and a domain are reached from outside. Point the domain to this server first, then make the
          environment public: HTTPS follows by itself.
        </p>
      )}
      {!publicDomain && may('ENVIRONMENTS_WRITE') && (
        <Form
          label="Make it public"
          call={(client) => sdk.makeEnvironmentPublic({ client, path: { id }, body: { domain: domain.value } })}
          done={reload}
        >
          <Field
            label="Domain"
            required
            hint="Such as app.example.com. It serves the newest RUNNING deployment that has a port."
            of={domain}
          />
        </Form>
      )}
    </Section>
  );
}
