export function Deploy({ environmentId }: { environmentId: string }) {
  return <h1>{environmentId}</h1>;
}
