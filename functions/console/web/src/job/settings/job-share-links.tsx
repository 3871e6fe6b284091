/** All active share links of a job. */
import { useEffect, useState } from "preact/hooks";
import type { ShareLink } from "../../account/model.ts";
import { Loading } from "../../ui/progress.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { errorMessage } from "../../format.ts";
import { ShareLinkList } from "../files/share-dialog.tsx";
import { listShares, revokeShare } from "../files/share-links.ts";
import type { Job } from "../model.ts";

export function JobShareLinks({ job }: { job: Job }) {
  const [links, setLinks] = useState<ShareLink[] | null>(null);
  const [error, setError] = useState("");
  const { run } = useAction();
  useEffect(() => {
    listShares(job.id).then(setLinks, (failure) => setError(errorMessage(failure)));
  }, [job.id]);
  const revoke = (link: ShareLink): Promise<void> =>
    run("", async () => {
      await revokeShare(link.id);
      setLinks((rows) => (rows ?? []).filter((row) => row.id !== link.id));
    });
  if (error)
    return (
      <p class="error-text" role="alert">
        {error}
      </p>
    );
  if (!links) return <Loading text="Loading links …" />;
  if (!links.length) return <p class="hint">Nobody has a link to a file of this job.</p>;
  return <ShareLinkList links={links} withNames onRevoke={(link) => void revoke(link)} />;
}
