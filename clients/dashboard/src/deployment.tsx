export function DeploymentScreen({ id }: { id: string }) {
  return <h1>{id}</h1>;
}
