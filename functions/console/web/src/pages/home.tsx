/** The landing page for visitors, the list of jobs for users. */
import type { PageProps } from "../routes.ts";
import { session } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { useStore } from "../store.ts";
import { Landing } from "./landing.tsx";
import { Jobs } from "./jobs.tsx";

export default function Home(_: PageProps) {
  const currentSession = useStore(session);
  useTitle(typeof currentSession === "object" ? "Jobs" : "Videos into moments");
  return typeof currentSession === "object" ? <Jobs uid={currentSession.uid} /> : <Landing />;
}
