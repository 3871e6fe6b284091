/** The landing page for visitors, the list of jobs for users. Each loads only its own code. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { preloadFirestore } from "../firestore.ts";
import type { PageProps } from "../routes.ts";
import { session } from "../session.ts";
import { useStore } from "../store.ts";
import { LoadError } from "../ui/load-error.tsx";
import { Loading } from "../ui/progress.tsx";
import { useTitle } from "../ui/use-title.ts";
import { Landing } from "./landing.tsx";

type JobsPage = ComponentType<{ uid: string }>;

const loadJobs = (): Promise<{ Jobs: JobsPage }> => import("./jobs.tsx");

// While Firebase restores the session of a user, what the list needs is loaded already.
if (session.get() !== "signed-out") {
  loadJobs().catch(() => undefined);
  preloadFirestore();
}

export default function Home(_: PageProps) {
  const currentSession = useStore(session);
  const uid = typeof currentSession === "object" ? currentSession.uid : "";
  useTitle(uid ? "Jobs" : "Videos into moments");
  return uid ? <JobsLoader uid={uid} /> : <Landing />;
}

function JobsLoader({ uid }: { uid: string }) {
  const [page, setPage] = useState<{ Jobs: JobsPage } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = async (): Promise<void> => {
    setError(null);
    try {
      setPage(await loadJobs());
    } catch {
      setError(new Problem("offline", "The list could not be loaded. Check your connection, then try again."));
    }
  };
  useEffect(() => void load(), []);
  if (page) return <page.Jobs uid={uid} />;
  return error ? <LoadError error={error} onRetry={load} /> : <Loading text="Loading your jobs …" />;
}
