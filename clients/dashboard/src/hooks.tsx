export function Hooks({ environmentId }: { environmentId: string }) {
  return <p>{environmentId}</p>;
}
