import { useNewest } from "../live.ts";
import { Waiting } from "../ui/progress.tsx";

export function Jobs({ uid }: { uid: string }) {
  const { value: rows } = useNewest(uid, 50);
  return (
    <section>
      <h1>Jobs</h1>
      {rows === undefined ? (
        <Waiting words="Getting your jobs …" />
      ) : (
        <ul>
          {rows.map((row) => (
            <li key={row.id}>
              <a href={`/jobs/${row.id}`}>{String(row.data.title || row.data.recipe)}</a> {String(row.data.status)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
