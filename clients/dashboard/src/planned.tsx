import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Client } from '../../typescript/src/client/index.js';
import type { DeploymentAccepted, DeploymentPlan, DeploymentPlanAnswer } from '../../typescript/src/index.js';
import { Form } from './action.js';
import type { Call } from './api.js';
import { Plan } from './plan.js';
import { go } from './route.js';

interface Props {
  /** changes with the fields: a plan of other fields is no longer shown */
  fields: unknown[];
  request: (client: Client, dryRun: boolean) => ReturnType<Call<DeploymentAccepted | DeploymentPlanAnswer>>;
  children: ComponentChildren;
}

/** A form whose first button asks for the plan, and whose second carries it out. */
export function Planned({ fields, request, children }: Props) {
  const planned = useSignal<{ plan: DeploymentPlan; of: string } | undefined>(undefined);
  const of = JSON.stringify(fields);
  const plan = planned.value?.of === of ? planned.value.plan : undefined;
  const done = (answer: DeploymentAccepted | DeploymentPlanAnswer): void => {
    if ('plan' in answer) planned.value = { plan: answer.plan, of };
    else go('deployments', answer.deploymentId);
  };
  return (
    <Form label={plan ? 'Deploy' : 'Show the plan'} call={(client) => request(client, !plan)} done={done}>
      {children}
      {plan && <Plan plan={plan} />}
    </Form>
  );
}
