export function EnvironmentScreen({ id }: { id: string }) {
  return <h1>{id}</h1>;
}
