import { type Signal, signal, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import * as sdk from '../../typescript/src/index.js';
import { Field, type FieldProps, Heading, Path, Problem, Section } from './parts.js';
import { FolderFields, type Uploaded } from './folder-fields.js';
import { Planned } from './planned.js';
import { may } from './session.js';
import { useLoaded } from './live.js';
import { variablesOf } from './text.js';

type Source = 'image' | 'git' | 'folder';
const SOURCES: [Source, string][] = [
  ['image', 'Image'],
  ['git', 'Git repository'],
  ['folder', 'Folder'],
];

const FIELDS = ['image', 'gitUrl', 'branch', 'name', 'port', 'hostPort', 'replicas', 'envVars'] as const;
type FieldName = (typeof FIELDS)[number];

/** A new deployment: from an image, a repository or a folder of this computer. */
export function Deploy({ environmentId }: { environmentId: string }) {
  const { data, failure } = useLoaded(
    (client) => sdk.getEnvironment({ client, path: { id: environmentId } }),
    [environmentId],
  );
  const source = useSignal<Source>('image');
  const fields = useMemo(newFields, []);
  const upload = useSignal<Uploaded | undefined>(undefined);
  if (!data) return failure ? <Problem failure={failure} /> : <p>Loading …</p>;
  if (!may('DEPLOYMENTS_WRITE')) return <p>This key may not deploy: that needs the scope DEPLOYMENTS_WRITE.</p>;

  const { variables, mistake } = variablesOf(fields.envVars.value);
  const of = (name: FieldName): string => fields[name].value.trim();
  const field = (name: FieldName, label: string, hint: string, more: Partial<FieldProps> = {}) => (
    <Field label={label} hint={hint} of={fields[name]} {...more} />
  );
  return (
    <>
      <Path environment={data.environment} />
      <Heading text="Deploy" />
      <fieldset class="row">
        <legend>From</legend>
        {SOURCES.map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name="source"
              checked={source.value === value}
              onChange={() => (source.value = value)}
            />{' '}
            {text}
          </label>
        ))}
      </fieldset>
      {source.value === 'folder' && <FolderFields upload={upload} />}
      {(source.value !== 'folder' || upload.value) && (
        <Section title="What runs">
          <Planned
            fields={[source.value, upload.value?.uploadId, variables, ...FIELDS.map(of)]}
            request={(client, dryRun) => {
              const body = { environmentId, ...runFields(of, variables), ...(dryRun && { dryRun }) };
              if (source.value === 'git')
                return sdk.createDeploymentFromGit({
                  client,
                  body: { ...body, gitUrl: of('gitUrl'), ...(of('branch') && { branch: of('branch') }) },
                });
              if (source.value === 'folder')
                return sdk.createDeploymentFromUpload({
                  client,
                  body: { ...body, uploadId: upload.value?.uploadId ?? '' },
                });
              return sdk.createDeployment({ client, body: { ...body, image: of('image') } });
            }}
          >
            {source.value === 'image' &&
              field('image', 'Image', 'Such as nginx:alpine or ghcr.io/owner/name.', { required: true })}
            {source.value === 'git' && (
              <div class="row">
                {field('gitUrl', 'Repository', 'Its https address. Private ones need a token: see curl.', {
                  required: true,
                })}
                {field('branch', 'Branch', 'Empty takes the default branch.')}
              </div>
            )}
            <div class="row">
              {field('name', 'Name', 'What the other deployments reach it by. Empty takes one from the source.')}
              {field('port', 'Port', 'The port that it listens on. Empty takes the one of the image.')}
              {field('hostPort', 'Host port', 'A port of the server that leads to it. Empty: private.')}
              {field('replicas', 'Replicas', '1 to 20.')}
            </div>
            {field('envVars', 'Variables', 'One NAME=value per line.', { rows: 3, mistake })}
          </Planned>
        </Section>
      )}
    </>
  );
}

function newFields(): Record<FieldName, Signal<string>> {
  return Object.fromEntries(FIELDS.map((name) => [name, signal('')])) as Record<FieldName, Signal<string>>;
}

function runFields(of: (name: FieldName) => string, variables: Record<string, string>) {
  const port = of('port') || of('hostPort');
  return {
    ...(of('name') && { name: of('name') }),
    ...(of('replicas') && { replicas: Number(of('replicas')) }),
    ...(Object.keys(variables).length > 0 && { envVars: variables }),
    ...(port && { ports: [{ container: Number(port), ...(of('hostPort') && { host: Number(of('hostPort')) }) }] }),
  };
}
