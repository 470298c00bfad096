/** Labels of everything that we make in the Engine; users cannot set any under this prefix. */
export const LABELS = {
  managed: 'berth.managed',
  environment: 'berth.environment',
  deployment: 'berth.deployment',
  name: 'berth.name',
  /** the deployment whose attempt made a volume */
  createdBy: 'berth.created-by',
} as const;
